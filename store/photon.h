/*
 * photon.h - photond as a service on its own bus: `photon`, with the tags `photon` and `eventstore`, as the originals had it.
 *
 *   rpc  /events         an event as JSON -> the stored event
 *   rpc  /stream-names   -> {"streams":[{"stream-name":…,"total-events":…}]}
 *   rpc  /stream/delete  {"stream-name":…} -> {"correct":true}
 *   rpc  /stats          -> {"streams":…,"events":…,"head-order-id":…}
 *   stream  /stream      stream-name, stream-type, from, limit: events as JSON
 *
 * It is a responder inside the process (bus/inside.h): what blocks is done by readers, what writes by the committer.
 */
#ifndef PHOTON_PHOTON_H
#define PHOTON_PHOTON_H

#include "bus/inside.h"
#include "store/store.h"

struct photon;

/* NULL: no memory. */
struct photon *photon_open(struct store *store, struct bus *bus);
/* Streams that wait for events end by themselves when the bus drains. After the server has stopped. NULL is fine. */
void photon_close(struct photon *photon);

/* ---- among the files photon_*.c: a call has come; each ends it ---- */

void photon_events_begin(struct store *store, struct inside_call *call);
void photon_delete_begin(struct store *store, struct inside_call *call);
void photon_names_begin(struct store *store, struct inside_call *call);
void photon_stats_begin(struct store *store, struct inside_call *call);
/* It has a state of its own, and wants to be told of room and of being given up. */
void photon_stream_begin(struct store *store, struct inside_call *call);
void photon_stream_wake(struct inside_call *call);
void photon_stream_gone(struct inside_call *call);

/* End it: no memory; a text as JSON (which it takes over). */
void photon_no_memory(struct inside_call *call);
void photon_answer_text(struct inside_call *call, char *text);

#endif

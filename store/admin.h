/*
 * admin.h - the calls of AdminService, what they share, and who may call them.
 *
 * Who may (docs/decisions/0012-admin.md): whoever comes by the admin socket, and whoever shows a certificate that `admin-names` lists.
 * That is asked before any of the service's calls begins, so none of them asks again. Each call that is let in, and each that
 * is not, is a line of the log.
 *
 * A call that takes one step is answered at once (log_level.c). One that goes on (compact.c, stats.c, peers.c) is an admin_feed: its steps run on threads that
 * are there for administration only, so that nothing an operator asks for holds up a subscriber.
 */
#ifndef PHOTON_ADMIN_H
#define PHOTON_ADMIN_H

#include "store/feed.h"
#include "store/store.h"
#include "wire/codec-admin.h"
#include "wire/serve.h"

enum { ADMIN_METHODS = 7 };

struct admin_feed;
struct import_call;
struct bus; /* bus/bus.h */

struct admin {
    struct store *store;
    struct bus *bus;
    int64_t started_ms; /* since 1970 */
    struct readers *threads;
    atomic_bool compacting; /* compact.c's: one at a time */

    pthread_mutex_t lock; /* of what follows */
    char *names;          /* NULL: none */
    struct admin_feed *first;
    struct import_call *imports; /* import.c's: those that are open */
    bool stopping;
};

/* names: admins.h. NULL: no memory or no threads. */
struct admin *admin_open(struct store *store, struct bus *bus, const char *names);
/* Others from now on; calls that have begun go on. false: no memory, and nothing has changed. Any thread. */
bool admin_set_names(struct admin *admin, const char *names);
/* End the feeds with SHUTTING_DOWN, each after its step and its message, and the imports, and refuse new ones. Any thread. */
void admin_stop(struct admin *admin);
/* After the last call is gone. NULL is fine. */
void admin_close(struct admin *admin);

/* The methods of muon.v1.AdminService, whose service is the admin; and who may call them. */
extern const struct serve_method *const admin_methods[ADMIN_METHODS];
bool admin_admit(struct serve_call *call, void *service, struct error *error);

/* ---- for its calls ---- */

/* A call that answers with message after message; first in the call's own state, all-zero before. */
struct admin_feed {
    struct feed feed; /* first */
    struct admin *admin;
    struct admin_feed *next, **back; /* under the admin's lock */
};
/* Start it: in the method's begin. REASON_NONE, or SHUTTING_DOWN: it is not started, and the caller's to free. */
enum reason admin_feed_start(struct admin_feed *feed, struct admin *admin, struct serve_call *call,
                             const struct feed_maker *maker, struct error *error);
/* In the maker's end. */
void admin_feed_end(struct admin_feed *feed);

/* Answer with this message, or BUSY if it is NULL: there was no memory. It is given back. */
void admin_answer(struct serve_call *call, struct bytes *message);
/* For the method's table, where a call was answered in its begin. */
void admin_over(struct serve_call *call);

#endif

/*
 * service.h - a whole photond, but for its process: the store in its directory, its threads, and
 * its listeners.
 *
 * main.c reads the settings, opens the certificates and turns signals into service_stop; everything
 * between is behind this header. The order is open, start, stop, free; each from the main thread.
 * service_hurry, service_info and service_port: any thread.
 */
#ifndef PHOTON_SERVICE_H
#define PHOTON_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/log.h"
#include "store/metrics.h"
#include "wire/codec.h"
#include "wire/error.h"

struct service;
struct tls_server; /* wire/tls.h */

struct service_listener {
    const char *address;    /* "127.0.0.1:10566", "[::1]:0", "unix:/path"; port 0: any free one */
    struct tls_server *tls; /* borrowed until service_free; NULL: plain text */
};

/* Everything is borrowed until service_free, and in the range that options.c gives it: no zero
 * means a default here. */
struct service_options {
    const char *data_dir;
    bool create; /* make the store if the directory is missing or empty */
    const struct service_listener *listeners;
    size_t listeners_len; /* 1 to SERVICE_LISTENERS_MAX */
    struct limits limits; /* semantics 10 */
    unsigned pollers;     /* network threads */
    unsigned readers;     /* threads that read the disk */
    size_t write_buffer_bytes, file_bytes, cache_bytes,
        ballast_bytes;    /* as in struct log_options */
    size_t tail_bytes;    /* newest records in memory: tail.h */
    size_t heads_bytes;   /* cache of streams' ends: heads.h */
    size_t recent_ids;    /* newest event ids in memory: ids.h */
    size_t queue_bytes;   /* emits that wait for the committer; beyond it "busy" */
    size_t subscriptions; /* open at a time: subscribe.h */
    size_t sessions;      /* open at a time: bus.h, as the next two */
    uint32_t beat_ms;
    const char *name_owners; /* NULL: none */
    /* Where it is administered, for its user alone. required: it does not start without; else it says in its log why there is none. */
    const char *admin_socket; /* NULL: nowhere */
    bool admin_socket_required;
    const char *admin_names; /* admins.h; NULL: none */
    int32_t keepalive_ms;    /* ping a silent client this often; 0: never */
    uint32_t calls_per_connection;
    /* Called on a poller every alive_ms, from service_start on: as long as it is, pollers do their work. 0: never. */
    int64_t alive_ms;
    void (*alive)(void);
};

enum { SERVICE_LISTENERS_MAX = 8 };

/* What is known once the store is open. */
struct service_info {
    char store_id[40];
    uint64_t incarnation;
    uint64_t head_order_id; /* 0: no event */
    uint64_t format;        /* of the files in the directory */
};

/* Open the store, check its tail, make the threads. NULL: *fault is not LOG_OK and *error says why;
 * nothing was touched. No memory and no threads are LOG_FAILED. */
struct service *service_open(const struct service_options *options, enum log_fault *fault,
                             struct error *error);

/* Bind the listeners and serve. false: *error names the address; nothing is served, and the next is
 * service_free. */
bool service_start(struct service *service, struct error *error);

/* The port that a listener is bound to; 1 for a unix socket. After service_start. */
int service_port(const struct service *service, size_t listener);
/* Other administrators from now on; false: no memory. Any thread. */
bool service_set_admin_names(struct service *service, const char *names);
/* The admin socket's path; NULL: there is none. After service_start. */
const char *service_admin_socket(const struct service *service);
void service_info(const struct service *service, struct service_info *info);

/* Has damage been met, so that nothing can be written any more? What can be read is served all the same. Any thread. */
bool service_is_damaged(const struct service *service);
/* Everything that is measured, now. Of the disk the newest that is known; a look at it is waited for so long. Between service_start and
 * service_free; not on one of the service's own threads. */
void service_metrics(struct service *service, int64_t wait_ms, struct metrics *metrics);
/* What health says of writing. REASON_NONE: emits are accepted. Else why not: STORE_FULL, STORE_UNAVAILABLE, or SHUTTING_DOWN. Never waits
 * for a disk. As service_metrics; also before service_start. */
enum reason service_writable(struct service *service);

/* Health says "not serving" and nothing new is accepted. Calls and requests that take a bounded time
 * may end; subscriptions and emit streams, which do not end by themselves, are ended with
 * SHUTTING_DOWN after what they are at, and sessions once nothing of theirs runs. What still runs after timeout_ms is cancelled. Blocks until nothing runs.
 * true: nothing had to be cancelled. */
bool service_stop(struct service *service, int64_t timeout_ms);
/* The timeout of the service_stop that runs, or will, is over. Safe in any thread, not in a signal
 * handler. */
void service_hurry(struct service *service);

/* Close the store and join the threads. After service_stop, if service_start succeeded. NULL is
 * fine. */
void service_free(struct service *service);

#endif

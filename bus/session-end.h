/*
 * session-end.h - a session as the ends of its exchanges see it, and how it ends itself. For session.c; all of it under the lock.
 */
#ifndef MUON_BUS_SESSION_END_H
#define MUON_BUS_SESSION_END_H

#include "bus/exchange.h"

enum { SESSION_OUTBOX_BYTES = 4 * 1024 * 1024 };

struct session {
    struct task task;
    struct due due;
    struct bus *bus;
    struct serve_call *call;
    struct session *prev, *next;
    uint64_t number;           /* in the order in which they came */
    int64_t since_ms;          /* since 1970 */
    struct instance *instance; /* NULL: it only asks */
    struct outbox outbox;
    struct hash ends;                  /* of its exchanges, by number */
    uint64_t last_client, last_server; /* numbers begun */
    unsigned calls;                    /* of its own under way */
    int64_t heard_ms, said_ms;
    bool counted, welcomed, reading, sending, holding, out_of_memory, overrun, lost, ended,
        finished;
    enum reason reason; /* why it ended */
    char why[400];
    char request_id[REQUEST_ID_BYTES]; /* as its last words have it */
};

extern const struct instance_ops session_instance_ops;

/* Put a frame of an end, in its turn; end NULL: urgent, and numbered already. Without memory the session ends, later. */
void session_put(struct session *s, struct end *end, struct frame *frame, struct bytes *body);
/* The session has an end of an exchange from now on, or no longer. */
void session_own(struct session *s, struct end *end, uint64_t number);
void session_disown(struct session *s, struct end *end);
struct end *session_find(struct session *s, uint64_t number);
/* What was held back while the outbox was full can go. */
void session_release(struct session *s);

void session_add(struct session *s); /* or end it at once: there are too many, or photond drains */
void session_remove(struct session *s);
/* It is no longer one of those that the settings limit. */
void session_uncount(struct session *s);
/* Once; again does nothing. REASON_NONE: in an orderly way. */
void session_end(struct session *s, enum reason reason, const char *why);

#endif

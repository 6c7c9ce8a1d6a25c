/*
 * exchange.h - one request, or one subscription to a stream that is served: its credit, and the bodies that travel in pieces.
 *
 * Whoever begins or serves it embeds a struct exchange, puts it on a session (session.h) and is told through its
 * struct exchange_end what comes. All under the client's lock.
 */
#ifndef MUON_SDK_EXCHANGE_H
#define MUON_SDK_EXCHANGE_H

#include <stdbool.h>

#include "wire/outbox.h"

struct exchange;
struct session;

enum {
    EXCHANGE_WINDOW =
        256
        << 10 /* bytes of a body that may be under way to us; and, of one exchange, that wait to leave */
};

struct exchange_end {
    /* An Answer, or a Chunk of what was received before. */
    void (*frame)(struct exchange *exchange, const struct frame *frame);
    /* It is off the session: the other side has failed or given up, or the session is lost. unsent: its first frame never
     * left, and error says nothing. */
    void (*over)(struct exchange *exchange, const struct error *error, bool unsent);
    /* There is new credit, or nothing of it waits to be sent any more. */
    void (*room)(struct exchange *exchange);
};

/* All-zero but for end. */
struct exchange {
    const struct exchange_end *end;
    struct session *session; /* NULL: on none */
    uint64_t number;
    struct exchange *next;     /* in the session's table */
    struct exchange *emptied;  /* in its list of those whose lane is empty now */
    struct outbox_lane lane;   /* what waits to be sent */
    size_t waiting;            /* bytes of bodies put since the lane was last empty */
    int64_t items, bytes;      /* credit: more may be sent while above zero */
    struct bytes *rest;        /* a body that is sent in pieces; NULL: none */
    size_t rest_at;            /* what has been put of it */
    uint8_t *body;             /* a body that is received, ended by NUL; NULL: none */
    size_t body_len, body_max; /* so far, and in the end */
    uint64_t owed;             /* bytes received since credit was last given */
};

/* Put a frame with a body (NULL: an empty one): as much of it as a frame takes, the rest in chunks as there is credit. part and
 * part_bytes are the members of frame for the body's piece and its whole length. */
void exchange_put_body(struct exchange *exchange, struct frame *frame, struct span *part,
                       uint64_t *part_bytes, struct bytes *body);

/* The other side can take so much more. */
void exchange_credit(struct exchange *exchange, uint32_t items, uint64_t bytes);

/* Send on what there is to send on. */
void exchange_send_on(struct exchange *exchange);

/* May an item be put now? */
bool exchange_has_room(const struct exchange *exchange);

/* The first piece of a body has come; total: of all of it, 0: this is all. false: over max bytes, or no memory. */
bool exchange_receive(struct exchange *exchange, struct span first, uint64_t total, uint64_t max);
/* The next piece; gives credit for more. false: it is more than was announced. */
bool exchange_receive_more(struct exchange *exchange, struct span piece);
bool exchange_is_whole(const struct exchange *exchange);
/* Take the received body over; never NULL once exchange_receive was true. */
uint8_t *exchange_take_body(struct exchange *exchange, size_t *len);

/* Forget both bodies. */
void exchange_fini(struct exchange *exchange);

#endif

/*
 * alone.h - the calls that emit, alone: what carries them and what commits for them is played here, in place of wire/serve.c and
 * store/commit.c, so each order of events, each limit and each lack of memory can be brought about. Nothing happens by itself.
 */
#ifndef TESTS_STORE_ALONE_H
#define TESTS_STORE_ALONE_H

#include "store/commit.h"
#include "wire/serve.h"

enum { ALONE_CALLS_MAX = 3 }; /* EmitStream calls that may be open */

/* What has become of a call. */
struct serve_call {
    void *state;
    size_t reads;          /* asked for, not given */
    struct bytes *message; /* sent last */
    size_t sent;
    bool sending, finished;
    struct error end; /* all-zero: OK */
};

/* What was submitted, until it is handed back. */
struct alone_committer {
    struct chain held;
    enum reason refuses; /* everything, from now on */
    uint64_t order_id;   /* of the newest event */
};
extern struct alone_committer committer;
extern struct store alone_store;

int alone_setup(void **state);
int alone_teardown(void **state);

/* The message (NULL: none yet) is given back. */
void alone_begin(const struct serve_method *method, struct serve_call *call, struct bytes *message);
/* The call has been finished. */
void alone_end(const struct serve_method *method, struct serve_call *call);

/* The next that is held: stored, or failed. */
void alone_hand_back(const struct error *error);
void alone_hand_all_back(void);

/* An EmitRequest of n events with so many bytes of payload, at most 64 KiB; ids: every other one has an id of its own. */
struct bytes *alone_request(const char *stream, size_t n, size_t payload, bool ids);

#endif

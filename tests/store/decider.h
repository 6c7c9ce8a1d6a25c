/*
 * decider.h - the committer's work without its thread: decide, build, write; for tests of what comes of it.
 */
#ifndef TESTS_STORE_DECIDER_H
#define TESTS_STORE_DECIDER_H

#include "store/sequence.h"

enum { NOW_US = 1700000000000000, BATCH_MAX = 8, EXPECTS_MAX = 20 };

struct fixture {
    char *dir;
    struct log *log;
    struct sequence sequence;
    int64_t now_us;
};

/* For cmocka: *state becomes a struct fixture with an empty store. */
int fixture_setup(void **state);
int fixture_teardown(void **state);
/* Close the log, and open it again as after a restart. */
void fixture_unload(struct fixture *f);
void fixture_load(struct fixture *f);

/* A batch in the making; everything in it is copied. */
struct batch {
    struct emit_request request;
    struct bytes *raw[BATCH_MAX];
    struct submission submission;
};
void batch_begin(struct batch *b);
void batch_event(struct batch *b, const char *stream, const char *id, const char *payload);
void batch_expect(struct batch *b, const char *stream, enum expect_kind kind,
                  uint64_t version); /* stream must stay */
void batch_add(struct fixture *f,
               struct batch *b); /* decide about it, in the commit that was begun */
void batch_end(struct batch *b);

void commit_begin(struct fixture *f);
void commit_write(struct fixture *f);

/* One event in a commit of its own: its place, unless at is NULL; the outcome's reason. */
enum reason emit_one(struct fixture *f, const char *stream, const char *id, const char *payload,
                     struct stored_at *at);
/* Delete a stream in a commit of its own: how many events were deleted, and the order id of the deletion. */
enum reason delete_one(struct fixture *f, const char *stream, uint64_t *deleted,
                       uint64_t *order_id);

#endif

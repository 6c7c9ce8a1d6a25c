/*
 * committer.h - a committer with a real log and real pollers, without a network; and writers, who note what becomes of what they submit.
 */
#ifndef TESTS_STORE_COMMITTER_H
#define TESTS_STORE_COMMITTER_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/commit.h"
#include "store/heads.h"
#include "wire/text.h"

struct fixture {
    char *dir;
    struct store store;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool down;      /* writing is impossible now, as the committer says */
    unsigned downs; /* it has become so, so often */
};
int committer_setup(void **state);
int committer_teardown(void **state);
/* As committer_setup has them; for a test that opens the committer once more. */
struct commit_options committer_options(struct fixture *f);
void committer_wait_until_writable(struct fixture *f);
void committer_wait_until_down(struct fixture *f); /* it is, or has been */

/* An owner of submissions. */
enum { WRITER_MAX = 2000 };
struct writer {
    struct fixture *f;
    struct lane lane;
    struct bytes *raw[WRITER_MAX];
    struct submission subs[WRITER_MAX];
    size_t len, done;
    struct submission *order[WRITER_MAX]; /* in which they were done */
};
struct writer *writer_new(struct fixture *f);
void writer_free(struct writer *w);
/* One event, not submitted yet; payload: bytes, at most 64 KiB. */
struct submission *writer_make(struct writer *w, const char *stream, const char *id,
                               size_t payload);
void writer_wait(struct writer *w); /* until all are done */

#endif

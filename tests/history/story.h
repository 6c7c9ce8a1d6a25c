/*
 * story.h - a history that is made up: sound as it is, and small; a test plants violations in it.
 *
 * Everything happens one after the other, each thing 10 ns later than the last, unless the story says otherwise.
 */
#ifndef TESTS_HISTORY_STORY_H
#define TESTS_HISTORY_STORY_H

#include "tests/history/history.h"

enum {
    STORY_WRITER,
    STORY_RACER,
    STORY_FOLLOWER,
    STORY_CALLER,
    STORY_RESPONDER,
    STORY_FINAL,
    STORY_FILES
};
enum { STORY_EVENTS_MAX = 64, STORY_RECORDS_MAX = 256 };

struct story_file {
    const char *name;
    struct history_record records[STORY_RECORDS_MAX];
    size_t count;
    uint32_t operations;
};

struct story {
    struct story_file files[STORY_FILES];
    struct history_record log[STORY_EVENTS_MAX]; /* as deliveries */
    size_t events;
    int64_t now, order_id;
    uint64_t made; /* ids */
};

/* The whole of it; what its operations and sessions are: story.c. */
void story_tell(struct story *story);
/* Into a folder, as files. */
void story_save(const struct story *story, const char *dir);

/* The nth record (from 0) of a kind in a file; the test fails when there is none. */
struct history_record *story_find(struct story *story, int file, enum history_kind kind,
                                  unsigned nth);
/* The nth delivery of a session. */
struct history_record *story_delivery(struct story *story, int file, uint32_t session,
                                      unsigned nth);
/* Behind a record; NULL: at the end of the file. Its time is kept if it has one. */
struct history_record *story_insert(struct story *story, int file,
                                    const struct history_record *behind,
                                    struct history_record record);
void story_erase(struct story *story, int file, struct history_record *record);
/* What is known of an event in the log (as of its order id), in all deliveries. */
void story_everywhere(struct story *story, int64_t order_id,
                      void (*change)(struct history_record *delivery));
void story_erase_everywhere(struct story *story, int64_t order_id);
/* Two events change their places in the log, in all deliveries. */
void story_swap_everywhere(struct story *story, int64_t a, int64_t b);

/* One more emit of one event, as told so far: invoked, and returned with this outcome; not in the log. Returns its number. */
uint32_t story_emit(struct story *story, int file, uint32_t client, const char *stream, int expect,
                    int64_t version, enum history_outcome outcome, int64_t told);
/* One more event in the final log alone, of this id. Returns its order id. */
int64_t story_append(struct story *story, const char *stream, struct history_id id,
                     uint64_t checksum);
struct history_id story_new_id(struct story *story);

#endif

/*
 * script.h - a fixed script of emits and deletions, and what the log must hold after any part of it.
 *
 * One client does one thing after the other, so the order of the log is that of the script, and every version is known before it is
 * answered. Whatever happens to photond, each step is done until its outcome is known.
 */
#ifndef TESTS_SOAK_SCRIPT_H
#define TESTS_SOAK_SCRIPT_H

#include <muon/muon.h>
#include <stdbool.h>
#include <stddef.h>

enum { EVENTS_MAX = 512, STREAMS = 5, WAIT_MS = 300000 };

struct told {
    char id[24];
    int stream;
    size_t payload;
    int64_t version, order_id; /* order_id 0: it was not said, but for the last of a batch */
    bool deleted;
};

struct script {
    muon_client *client;
    muon_queue *queue;
    struct told events[EVENTS_MAX];
    size_t len;
    int64_t versions[STREAMS];
};

/* Ends the program with 1 and these words: a promise does not hold. */
void broken(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Emit n events of so many bytes of payload each to a stream: one batch, or one after the other without waiting. With the expectation
 * that the stream is where it should be, if asked for. */
void script_batch(struct script *s, int stream, size_t n, size_t payload, bool expect);
void script_burst(struct script *s, int stream, size_t n, size_t payload);
void script_delete(struct script *s, int stream);

/* What was acknowledged is answered alike when it is sent again; a new event has the next version; and the log is exactly the
 * script's events in their order. */
void script_check(struct script *s);

#endif

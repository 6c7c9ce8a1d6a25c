/*
 * check.h - compares a history (history.h) with the log in its end, in time that grows with its length. What each violation means: verdict.h.
 *
 * The passes, in this order: check_log (the log's event ids), check_emits (each emit against the log; fills in what the log's entries know of
 * their emits), check_sessions_walk (each delivery against the log), check_origins (the log in itself, and who emitted it); finallog_bound; then what needs
 * to know between which moments an event was committed: check_reads (refusals and reads), check_sessions_ends; and check_requests,
 * check_alive.
 */
#ifndef TESTS_HISTORY_CHECK_H
#define TESTS_HISTORY_CHECK_H

#include "tests/history/files.h"
#include "tests/history/finallog.h"
#include "tests/history/verdict.h"

struct check_counts {
    uint64_t emits, events, ok, failed, unknown, refused, reads;
    uint64_t sessions, delivered, crossings; /* hot-cold sessions that went live */
    uint64_t requests, acts, healed;
};

struct session; /* check_sessions.c */

struct check {
    struct files files;
    struct finallog log;
    struct verdict verdict;
    struct check_counts counts;
    struct session **sessions; /* of each file */
};

/* All of it. out: violations, one a line, or else what was counted. false: violations, or no history; out says which. */
bool check_run(struct check *check, const char *dir, FILE *out);
void check_free(struct check *check);

void check_log(struct check *check);
void check_emits(struct check *check);
void check_origins(struct check *check);
void check_reads(struct check *check);
void check_sessions_walk(struct check *check);
void check_sessions_ends(struct check *check);
void check_sessions_free(struct check *check);
void check_requests(struct check *check);
void check_alive(struct check *check);

#endif

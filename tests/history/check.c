/*
 * check.c - see check.h.
 */
#include "tests/history/check.h"

#include <inttypes.h>

static void tell(const struct check *check, FILE *out)
{
    const struct check_counts *counts = &check->counts;
    fprintf(out,
            "ok: %zu files; log: %u events; %" PRIu64 " emits of %" PRIu64 " events: %" PRIu64
            " ok, %" PRIu64 " refused, %" PRIu64 " failed, %" PRIu64 " unknown; %" PRIu64
            " reads; %" PRIu64 " sessions (%" PRIu64 " from history to live): %" PRIu64
            " deliveries; %" PRIu64 " requests, %" PRIu64 " acted upon; %" PRIu64
            " clients alive in the end\n",
            check->files.count, check->log.count, counts->emits, counts->events, counts->ok,
            counts->refused, counts->failed, counts->unknown, counts->reads, counts->sessions,
            counts->crossings, counts->delivered, counts->requests, counts->acts, counts->healed);
}

bool check_run(struct check *check, const char *dir, FILE *out)
{
    char why[256];
    *check = (struct check){0};
    verdict_init(&check->verdict, out);
    if (!files_open(&check->files, dir, why)) {
        fprintf(out, "history_check: %s\n", why);
        return false;
    }
    if (!finallog_read(&check->log, &check->files)) {
        fprintf(out, "history_check: %s: no final log that was read to its end\n", dir);
        return false;
    }
    check_log(check);
    check_emits(check);
    check_sessions_walk(check);
    check_origins(check);
    finallog_bound(&check->log, &check->verdict);
    check_reads(check);
    check_sessions_ends(check);
    check_requests(check);
    check_alive(check);
    verdict_sum(&check->verdict);
    if (check->verdict.total == 0)
        tell(check, out);
    return check->verdict.total == 0;
}

void check_free(struct check *check)
{
    check_sessions_free(check);
    finallog_free(&check->log);
    files_close(&check->files);
}

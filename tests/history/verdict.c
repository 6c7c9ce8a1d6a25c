/*
 * verdict.c - see verdict.h.
 */
#include "tests/history/verdict.h"

#include <inttypes.h>
#include <stdarg.h>

enum { TOLD_OF_A_KIND = 8, TOLD = 60 };

static const char *const names[] = {
    [VIOLATION_ORDER] = "order ids do not rise",
    [VIOLATION_GAP] = "gap in versions",
    [VIOLATION_DOUBLED] = "doubled",
    [VIOLATION_PHANTOM] = "phantom",
    [VIOLATION_ALTERED] = "altered",
    [VIOLATION_NOT_FAILED] = "failed and stored",
    [VIOLATION_REAL_TIME] = "real-time order",
    [VIOLATION_PIPELINE] = "client's order",
    [VIOLATION_TORN] = "torn batch",
    [VIOLATION_SCATTERED] = "scattered batch",
    [VIOLATION_LOST] = "lost",
    [VIOLATION_MISPLACED] = "misplaced",
    [VIOLATION_TWO_WINNERS] = "two winners",
    [VIOLATION_EXPECTATION] = "expectation ignored",
    [VIOLATION_REFUSAL] = "wrong refusal",
    [VIOLATION_TOLD_VERSION] = "wrong version in refusal",
    [VIOLATION_CLASH] = "retry refused",
    [VIOLATION_STALE] = "stale read",
    [VIOLATION_FUTURE] = "read of the future",
    [VIOLATION_SKIPPED] = "gap in delivery",
    [VIOLATION_REPEATED] = "delivered again",
    [VIOLATION_VANISHED] = "delivered and gone",
    [VIOLATION_FOREIGN] = "not asked for",
    [VIOLATION_DELIVERED] = "altered in delivery",
    [VIOLATION_EARLY_LIVE] = "live too early",
    [VIOLATION_TWICE_LIVE] = "live twice",
    [VIOLATION_EARLY_END] = "ended too early",
    [VIOLATION_HOT_MISSED] = "missed while live",
    [VIOLATION_SESSION_LOST] = "session lost",
    [VIOLATION_ACTED_TWICE] = "acted twice",
    [VIOLATION_NOT_ACTED] = "answered, not acted upon",
    [VIOLATION_FAILED_ACTED] = "failed and acted upon",
    [VIOLATION_ASKED_BY_NONE] = "asked by nobody",
    [VIOLATION_REQUEST_BODY] = "altered request",
    [VIOLATION_WRONG_CALLER] = "wrong caller",
    [VIOLATION_NOT_ALIVE] = "not alive",
};
_Static_assert(sizeof names / sizeof *names == VIOLATIONS, "each kind has a name");

void verdict_init(struct verdict *verdict, FILE *out)
{
    *verdict = (struct verdict){.out = out};
}

const char *verdict_name(enum violation violation)
{
    return names[violation];
}

void verdict_add(struct verdict *verdict, enum violation violation, const char *format, ...)
{
    va_list list;
    verdict->total++;
    if (++verdict->counts[violation] > TOLD_OF_A_KIND || verdict->told == TOLD)
        return;
    verdict->told++;
    fprintf(verdict->out, "%s: ", names[violation]);
    va_start(list, format);
    vfprintf(verdict->out, format, list);
    va_end(list);
    fputc('\n', verdict->out);
}

void verdict_sum(const struct verdict *verdict)
{
    if (verdict->total == 0)
        return;
    fprintf(verdict->out, "%" PRIu64 " violations:", verdict->total);
    for (int i = 0; i < VIOLATIONS; i++)
        if (verdict->counts[i])
            fprintf(verdict->out, " %" PRIu64 " × %s;", verdict->counts[i], names[i]);
    fputc('\n', verdict->out);
}

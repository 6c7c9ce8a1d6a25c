/*
 * verdict.h - the violations that were found: counted by kind, the first ones told, each in one line.
 */
#ifndef TESTS_HISTORY_VERDICT_H
#define TESTS_HISTORY_VERDICT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum violation {
    /* the log */
    VIOLATION_ORDER,      /* order ids do not rise */
    VIOLATION_GAP,        /* a stream's versions have a gap, or one is there twice */
    VIOLATION_DOUBLED,    /* an event id is there twice */
    VIOLATION_PHANTOM,    /* nobody has emitted it */
    VIOLATION_ALTERED,    /* it was emitted with other content, or to another stream */
    VIOLATION_NOT_FAILED, /* it is there, though every emit of it has failed for certain */
    VIOLATION_REAL_TIME,  /* an emit had returned before the other was invoked, and is behind it */
    VIOLATION_PIPELINE,   /* emits of one client are not in the order in which it made them */
    VIOLATION_TORN,       /* a part of a batch is there */
    VIOLATION_SCATTERED,  /* the events of a batch are not neighbours, or not in order */
    /* answers to emits */
    VIOLATION_LOST,      /* acknowledged, and not there */
    VIOLATION_MISPLACED, /* acknowledged, and elsewhere than it was said */
    VIOLATION_TWO_WINNERS, /* acknowledged, though another took the version that it expected to take */
    VIOLATION_EXPECTATION,  /* stored, though what it expected did not hold */
    VIOLATION_REFUSAL,      /* refused, though what it expected held all the time */
    VIOLATION_TOLD_VERSION, /* refused with a version that the stream had at no moment of the call */
    VIOLATION_CLASH,        /* told that its id has other content, or that a part of it is stored */
    /* reads */
    VIOLATION_STALE,  /* a read does not see what was there before it was invoked */
    VIOLATION_FUTURE, /* a read sees what was not there before it returned */
    /* subscriptions */
    VIOLATION_SKIPPED,    /* events are missing between two that were delivered, or at the begin */
    VIOLATION_REPEATED,   /* an event came again, or behind its successor */
    VIOLATION_VANISHED,   /* an event was delivered that is not in the log */
    VIOLATION_FOREIGN,    /* an event was delivered that was not asked for */
    VIOLATION_DELIVERED,  /* an event was delivered with other content, place or id */
    VIOLATION_EARLY_LIVE, /* the marker "live" came before what was there when the session began */
    VIOLATION_TWICE_LIVE, /* the marker came again */
    VIOLATION_EARLY_END,  /* a cold session ended before what was there when it began */
    VIOLATION_HOT_MISSED, /* a hot session was live, and did not deliver what was emitted behind that */
    VIOLATION_SESSION_LOST, /* a session ended with an error, or nothing came any more */
    /* requests */
    VIOLATION_ACTED_TWICE,   /* acted upon more than once */
    VIOLATION_NOT_ACTED,     /* answered, and nobody had acted upon it */
    VIOLATION_FAILED_ACTED,  /* acted upon, though its caller was told that it never would be */
    VIOLATION_ASKED_BY_NONE, /* acted upon, and nobody had asked */
    VIOLATION_REQUEST_BODY,  /* acted upon or answered with another body than was asked */
    VIOLATION_WRONG_CALLER,  /* the answer is to another request */
    /* in the end */
    VIOLATION_NOT_ALIVE, /* a client never succeeded again */
    VIOLATIONS
};

struct verdict {
    FILE *out;
    uint64_t counts[VIOLATIONS], total, told;
};

void verdict_init(struct verdict *verdict, FILE *out);
/* One violation; the text says of which operations, in which files. */
void verdict_add(struct verdict *verdict, enum violation violation, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *verdict_name(enum violation violation); /* "lost" */
/* What was not told, and how many of each kind; nothing if there are none. */
void verdict_sum(const struct verdict *verdict);

#endif

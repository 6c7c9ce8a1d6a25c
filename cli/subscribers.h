/*
 * subscribers.h - who gets the lines of a shelf, and how far each has come.
 *
 * Each is given lines for as long as it takes them; none waits for another. Who takes nothing for a while although there is
 * something can be let go: its stream ends with an error that says so, so that it never misses lines without knowing.
 */
#ifndef MUON_CLI_SUBSCRIBERS_H
#define MUON_CLI_SUBSCRIBERS_H

#include "cli/args.h"
#include "cli/shelf.h"

enum { SUBSCRIBERS_MAX = 256 };

struct subscriber {
    muon_call *call;
    uint64_t at; /* the number of the line that it gets next */
    bool behind; /* it takes nothing now: a MUON_ITEM_WRITABLE will tell */
    int64_t
        since; /* when it stopped taking anything, in ms of a clock that only goes forward; 0: it takes */
};

struct subscribers {
    const struct args *args;
    const struct shelf *shelf;
    struct subscriber list[SUBSCRIBERS_MAX];
    size_t count;
    uint64_t served;    /* that have got everything, or have gone */
    uint64_t too_large; /* the number of a line that is over the server's limit, plus 1; 0: none */
};

/* Takes over the call; there is room for it, see muon_serve_opts.max_inflight. From: the first line that it gets. */
void subscribers_add(struct subscribers *s, muon_call *call, uint64_t from);

/* What a MUON_ITEM_WRITABLE says. */
void subscribers_wake(struct subscribers *s, int64_t number, bool gone);

/* Give each what it takes. With ending, those that have got everything are told that this is the end. */
void subscribers_feed(struct subscribers *s, bool ending);

/* Let those go that have taken nothing for so long. Returns in how many ms the next of them would have to go; -1: none. */
int subscribers_let_go(struct subscribers *s, int64_t patience_ms);

/* Which line some of them still need; shelf->next when none. */
uint64_t subscribers_need(const struct subscribers *s);

/* The end of all, with an error. */
void subscribers_fail(struct subscribers *s, const char *why);

#endif

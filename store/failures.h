/*
 * failures.h - a line in the log for each failure that is answered, to be found by the id that the client was given.
 *
 * What clients meet that do everything right is told at debug, the rest at info. A client may fail in a loop, so at info there are
 * no more than FAILURES_PER_SECOND lines; the next one says how many failures have none. At debug each has its line.
 */
#ifndef PHOTON_FAILURES_H
#define PHOTON_FAILURES_H

#include "wire/serve.h"

enum { FAILURES_PER_SECOND = 10 };

/* For serve_options.failed. */
void failures_tell(const struct serve_call *call, const struct error *error);

/* All-zero at first. */
struct failures_rate {
    int64_t since_ms;
    unsigned told;   /* since then */
    uint64_t untold; /* since the last that was told */
};
/* May one more be told? true: *untold are those before it that were not. Of now_ms only the differences count. */
bool failures_may_tell(struct failures_rate *rate, int64_t now_ms, uint64_t *untold);

#endif

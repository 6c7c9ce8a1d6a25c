/*
 * failures.c - see failures.h.
 */
#include "store/failures.h"

#include <pthread.h>
#include <string.h>

#include "store/logline.h"

bool failures_may_tell(struct failures_rate *rate, int64_t now_ms, uint64_t *untold)
{
    if (now_ms - rate->since_ms >= 1000) {
        rate->since_ms = now_ms;
        rate->told = 0;
    }
    if (rate->told == FAILURES_PER_SECOND) {
        rate->untold++;
        return false;
    }
    rate->told++;
    *untold = rate->untold;
    rate->untold = 0;
    return true;
}

static bool may_tell(uint64_t *untold)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct failures_rate rate;
    if (logline_enabled(LOGLINE_DEBUG))
        return true;
    pthread_mutex_lock(&lock);
    bool may = failures_may_tell(&rate, cq_mono_ms(), untold);
    pthread_mutex_unlock(&lock);
    return may;
}

static const char *or_none(const char *text)
{
    return text[0] ? text : NULL;
}

void failures_tell(const struct serve_call *call, const struct error *error)
{
    enum logline_level level = reason_is_ordinary(error->reason) ? LOGLINE_DEBUG : LOGLINE_INFO;
    uint64_t untold = 0;
    if (!logline_enabled(level) || !may_tell(&untold))
        return;
    const struct logline_field fields[] = {
        logline_text("request", error->request_id),
        logline_text("call", or_none(serve_call_path(call))),
        logline_text("peer", serve_call_is_private(call) ? "admin socket" : serve_call_peer(call)),
        logline_text("identity", or_none(serve_call_identity(call))),
        logline_text("reason", reason_name(error->reason) + strlen("REASON_")),
        logline_text("error", error->message),
        logline_uint("untold", untold),
    };
    logline_write(level, "a call failed", fields, sizeof fields / sizeof *fields - (untold == 0));
}

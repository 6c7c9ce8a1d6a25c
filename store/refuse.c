/*
 * refuse.c - see refuse.h.
 */
#include "store/refuse.h"

#include "store/logline.h"

void refuse_why(struct error *error, enum reason down)
{
    if (down == REASON_STORE_FULL)
        error_set(
            error, down,
            "the store's disk is full; nothing was stored: make room, then retry; reading goes on");
    else if (down == REASON_STORE_UNAVAILABLE)
        error_set(error, down,
                  "a write failed and the store is being opened anew; nothing was stored: retry");
    else if (down == REASON_CORRUPT)
        error_set(error, down,
                  "the store is damaged and takes no events; nothing was stored: run photond "
                  "verify, restore a backup; what is not damaged can be read");
    else
        error_set(error, down,
                  "the store is going down; nothing was stored: connect again and retry");
    error->maybe_applied = false;
    error->retry_after_ms = REFUSE_RETRY_MS;
}

void refuse_one(struct submission *sub, const struct error *error)
{
    bool told = sub->kind == SUBMIT_REFUSED || (sub->kind == SUBMIT_IMPORT && sub->error);
    if (!told)
        submission_fail(sub, error);
    if (sub->lane)
        sub->lane->broken = true;
}

void refuse_all(struct chain *chain, const struct error *error)
{
    for (struct submission *sub = chain->first; sub; sub = sub->next)
        refuse_one(sub, error);
}

void refuse_tell(const struct error *why)
{
    logline_with(LOGLINE_ERROR,
                 why->reason == REASON_CORRUPT
                     ? "the store is damaged, no emit is accepted any more: run photond verify"
                     : "writing failed, no emit is accepted until the log is open anew",
                 logline_text("error", why->message));
}

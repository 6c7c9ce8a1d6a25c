/*
 * till.c - requests to rpc://payment/charge and rpc://payment/refund.
 *
 * Neither libmuon nor photond sends a request twice, since they cannot know what it would do. We know: the payment service derives its
 * event ids from the order, so a charge that is asked for twice happens once. Hence we ask again, whatever became of the first.
 */
#include "examples/demo/till.h"

#include <string.h>
#include <time.h>

static const char *const urls[] = {"rpc://payment/charge", "rpc://payment/refund"};

/* Nobody is there, and photond says so at once: look again in a moment. */
static void wait_a_moment(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static bool read_answer(struct cafe *cafe, enum cafe_call call, const muon_reply *reply,
                        struct till_answer *answer)
{
    words_text(reply->body, "answered-by", answer->answered_by, sizeof(answer->answered_by));
    words_text(reply->body, "by", answer->recorded_by, sizeof(answer->recorded_by));
    words_text(reply->body, "event-id", answer->event_id, sizeof(answer->event_id));
    answer->cents = words_number(reply->body, "cents");
    answer->refused = reply->status == 409;
    if (reply->status != 200 && reply->status != 409) {
        cafe_fail(cafe, urls[call], reply->body.ptr);
        return false;
    }
    cafe_note_answer(cafe, call, answer->answered_by, answer->refused);
    return true;
}

bool till_ask(struct cafe *cafe, enum cafe_call call, int number, int cents, const char *cause,
              struct till_answer *answer)
{
    char body[64];
    muon_request_opts opts = {.caused_by = cause};
    int len = snprintf(body, sizeof(body), "{\"order\":%d,\"cents\":%d}", number, cents);
    for (*answer = (struct till_answer){.asked = 1};; answer->asked++) {
        muon_reply *reply;
        muon_error error;
        int32_t status =
            muon_request(cafe->client, urls[call], body, (size_t)len, &opts, &reply, &error);
        if (status == MUON_OK) {
            bool ok = read_answer(cafe, call, reply, answer);
            muon_reply_free(reply);
            return ok;
        }
        bool lost = status == MUON_EREMOTE || status == MUON_ETIMEDOUT;
        if (!lost && status != MUON_ENOENT && status != MUON_EUNAVAIL) {
            cafe_fail(cafe, urls[call], error.message);
            return false;
        }
        cafe_note_no_answer(cafe, call, lost);
        if (!lost)
            wait_a_moment();
    }
}

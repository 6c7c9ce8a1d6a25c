/*
 * doctor-server.c - the rest by libmuon, which every verb connects by, and what the server says of itself.
 *
 * Its clock is compared with ours in the middle of the question and its answer, so the difference is known to half of their time.
 */
#include "cli/doctor.h"

#include <jansson.h>
#include <string.h>
#include <time.h>

#include "cli/connect.h"

enum { CLOCK_MS = 2000 }; /* a difference that is worth a word */

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void tell_clock(struct doctor *d, json_int_t there_ms, int64_t here_ms, int64_t way_ms)
{
    int64_t ahead_ms = here_ms - there_ms, apart_ms = ahead_ms < 0 ? -ahead_ms : ahead_ms;
    if (there_ms == 0)
        doctor_tell(d, DOCTOR_OK, "clock", EXIT_DONE, NULL, "the server does not tell its time");
    else if (apart_ms <= CLOCK_MS + way_ms / 2)
        doctor_tell(d, DOCTOR_OK, "clock", EXIT_DONE, NULL, "as the server's");
    else
        doctor_tell(d, DOCTOR_WARN, "clock", EXIT_DONE,
                    "Events have the server's time. Set the clock that is wrong; certificates and "
                    "deadlines hang on it.",
                    "this machine's clock is %lld.%03lld s %s the server's",
                    (long long)(apart_ms / 1000), (long long)(apart_ms % 1000),
                    ahead_ms > 0 ? "ahead of" : "behind");
}

/* It takes events; what is that worth? */
static void tell_writable(struct doctor *d, const char *durability)
{
    if (strncmp(durability, "memory", strlen("memory")) == 0)
        doctor_tell(d, DOCTOR_WARN, "writable", EXIT_DONE,
                    "Put it on a disk, if events are to outlive that machine: `data-dir`.",
                    "the store takes events, and keeps them in memory only");
    else
        doctor_tell(d, DOCTOR_OK, "writable", EXIT_DONE, NULL, "the store takes events%s%s",
                    durability[0] ? ", durability: " : "", durability);
}

static void tell_answer(struct doctor *d, const muon_reply *reply, int64_t here_ms, int64_t way_ms)
{
    json_t *info = json_loadb(reply->body.ptr, reply->body.len, 0, NULL);
    const char *store = "", *version = "", *durability = "";
    json_int_t head = 0, there_ms = 0;
    int read_only = 0;
    if (json_unpack(info, "{s:s, s:s, s:I, s?I, s?b, s?s}", "store-id", &store, "version", &version,
                    "head-order-id", &head, "time", &there_ms, "read-only", &read_only,
                    "durability", &durability) == 0) {
        doctor_tell(d, DOCTOR_OK, "server", EXIT_DONE, NULL,
                    "photond %s, contract muon.v1, store %s, last order id %lld", version, store,
                    (long long)head);
        tell_clock(d, there_ms, here_ms, way_ms);
        if (read_only)
            doctor_tell(
                d, DOCTOR_FAIL, "writable", EXIT_UNREACHABLE,
                "A write has failed there, or its disk is full: its log says which. Nothing "
                "that was acknowledged is lost.",
                "the store takes no events now");
        else
            tell_writable(d, durability);
    } else {
        doctor_tell(d, DOCTOR_FAIL, "server", EXIT_FAILED, "It is no photond of this contract.",
                    "what the server says of itself cannot be read");
    }
    json_decref(info);
}

static enum exit_code code_of(const muon_error *error)
{
    enum exit_code code = exit_of_status(error->code);
    return code == EXIT_TIMED_OUT ? EXIT_UNREACHABLE : code;
}

void doctor_server(struct doctor *d)
{
    muon_client *client;
    muon_reply *reply;
    muon_error error;
    int code;
    if (!connect_prepare(d->args, &d->where, &client, &code)) {
        d->failures++; /* it has been told */
        d->code = (enum exit_code)code;
        return;
    }
    /* The first answer takes a handshake, the second one a round trip. */
    int32_t status = muon_ping(client, d->limit_ms, &error);
    int64_t begin_ms = clock_ms();
    if (status == MUON_OK)
        status = muon_info(client, d->limit_ms, &reply, &error);
    int64_t end_ms = clock_ms();
    if (status == MUON_OK) {
        tell_answer(d, reply, begin_ms + (end_ms - begin_ms) / 2, end_ms - begin_ms);
        muon_reply_free(reply);
    } else {
        doctor_tell(d, DOCTOR_FAIL, "server", code_of(&error),
                    "HTTP/2 is there, a photon store's answer is not: is it a photond, or a proxy "
                    "before one?",
                    "%s", error.message);
    }
    muon_close(client, 0, NULL);
    muon_free(client);
}

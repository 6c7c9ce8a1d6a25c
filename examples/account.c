/*
 * account.c - an event-sourced aggregate: its state is what its events add up to, and a decision is stored only if nobody decided
 * anything in between.
 *
 *   account NAME AMOUNT      pay in (or, below 0, out); never below 0 in all
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <muon/muon.h>

static int32_t apply(void *state, const muon_event *event)
{
    long long *balance = state;
    *balance += strtoll(event->payload.ptr, NULL, 10); /* a number is JSON, too */
    return 0;
}

/* Load, decide, store; begin again when somebody else was faster. */
static int32_t pay(muon_client *client, const char *stream, long long amount, long long *balance,
                   muon_error *err)
{
    int64_t version = 0;
    int32_t status;
    char payload[32];
    *balance = 0;
    do {
        status = muon_load(client, stream, apply, balance, &version, 0, err);
        if (status != MUON_OK)
            return status;
        if (*balance + amount < 0) {
            fprintf(stderr, "%lld is not enough\n", *balance);
            return MUON_EUSER;
        }
        int len = snprintf(payload, sizeof payload, "%lld", amount);
        const muon_event_in event = {
            .type = "Paid", .payload = payload, .payload_len = (size_t)len};
        const muon_expect expect = {.kind = MUON_EXPECT_VERSION, .version = version};
        const muon_emit_opts opts = {.expects = &expect, .expects_len = 1};
        status = muon_emit(client, stream, &event, 1, &opts, NULL, err);
    } while (status == MUON_ECONFLICT);
    *balance += amount;
    return status;
}

int main(int argc, char **argv)
{
    muon_client *client;
    muon_error err = {.message = ""};
    long long balance;
    char stream[256];
    if (argc != 3) {
        fprintf(stderr, "usage: %s NAME AMOUNT\n", argv[0]);
        return 2;
    }
    if (muon_open(NULL, NULL, &client, &err) != MUON_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    snprintf(stream, sizeof stream, "account/%s", argv[1]);
    int32_t status = pay(client, stream, strtoll(argv[2], NULL, 10), &balance, &err);
    if (status == MUON_OK)
        printf("%s has %lld\n", argv[1], balance);
    else
        fprintf(stderr, "%s %s\n", muon_status_name(status), err.message);
    muon_close(client, 1000, NULL);
    muon_free(client);
    return status == MUON_OK ? 0 : 1;
}

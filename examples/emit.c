/*
 * emit.c - store one event, and wait until it is durable.
 *
 *   emit STREAM TYPE JSON      e.g. emit orders/1 OrderPlaced '{"amount": 12}'
 *
 * Where to is in $MUON_URL; certificates are in $MUON_CA, $MUON_CERT and $MUON_KEY.
 */
#include <stdio.h>
#include <string.h>

#include <muon/muon.h>

int main(int argc, char **argv)
{
    muon_client *client;
    muon_emit_result result;
    muon_error err;
    if (argc != 4) {
        fprintf(stderr, "usage: %s STREAM TYPE JSON\n", argv[0]);
        return 2;
    }
    if (muon_open(NULL, NULL, &client, &err) != MUON_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    const muon_event_in event = {
        .type = argv[2], .payload = argv[3], .payload_len = strlen(argv[3])};
    int32_t status = muon_emit(client, argv[1], &event, 1, NULL, &result, &err);
    if (status == MUON_OK)
        printf("order id %lld, version %lld\n", (long long)result.order_id,
               (long long)result.version);
    else
        fprintf(stderr, "%s: %s\n", muon_status_name(status), err.message);
    muon_close(client, 1000, NULL);
    muon_free(client);
    return status == MUON_OK ? 0 : 1;
}

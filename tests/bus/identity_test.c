/*
 * Who serves a name, over mutual TLS: an identity is what a certificate says.
 */
#include <unistd.h>

#include "tests/bus/meet.h"
#include "tests/wire/certs.h"
#include "wire/tls.h"

static char dir[] = "/tmp/muon-identity-test-XXXXXX";
static char cert_file[256], key_file[256], ca_file[256];
static struct pem ca, server, alice_pem, bob_pem;
static struct tls_server *tls;
static struct meet meet;
static struct caller *alice, *bob;

static struct caller *connect_as(const struct pem *who)
{
    static struct tls_client_options options;
    options = (struct tls_client_options){ca.cert, who->cert, who->key, NULL};
    return caller_open(meet.target, &options);
}

static int open_all(void **state)
{
    (void)state;
    static const struct bus_options options = {.store_id = "store",
                                               .beat_ms = MEET_QUIET_BEAT_MS,
                                               .sessions_max = 50,
                                               .body_bytes = MEET_BODY_BYTES,
                                               .owners = "given=bob"};
    struct error error;
    assert_non_null(mkdtemp(dir));
    ca = certs_make(NULL, "Test CA", NULL, -1, 30);
    server = certs_make(&ca, "photond", "DNS:localhost,IP:127.0.0.1", -1, 30);
    alice_pem = certs_make(&ca, "alice", NULL, -1, 30);
    bob_pem = certs_make(&ca, "bob", NULL, -1, 30);
    certs_write(dir, "ca.pem", ca.cert, 0644, ca_file);
    certs_write(dir, "server.pem", server.cert, 0644, cert_file);
    certs_write(dir, "server-key.pem", server.key, 0600, key_file);
    tls = tls_server_open(cert_file, key_file, ca_file, TLS_CLIENT_REQUIRED, &error);
    assert_non_null(tls);
    meet_open_with(&meet, &options, tls);
    alice = connect_as(&alice_pem);
    bob = connect_as(&bob_pem);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    caller_close(alice);
    caller_close(bob);
    meet_close(&meet);
    tls_server_free(tls);
    unlink(cert_file);
    unlink(key_file);
    unlink(ca_file);
    rmdir(dir);
    certs_free(&ca);
    certs_free(&server);
    certs_free(&alice_pem);
    certs_free(&bob_pem);
    return 0;
}

static void try_hello(struct party *party, struct caller *caller, const char *service,
                      const char *instance, uint64_t epoch)
{
    party_open(party, caller);
    party_say(party, &(struct frame){.kind = FRAME_HELLO,
                                     .hello = {.service = text_span(service),
                                               .instance_id = text_span(instance),
                                               .epoch = epoch}});
}

/* semantics 17 */
static void a_name_cannot_be_hijacked_while_its_owner_is_connected(void **state)
{
    (void)state;
    struct party mine, theirs;
    struct frame frame;
    struct error error;
    try_hello(&mine, alice, "orders", "1", 1);
    party_hear(&mine, FRAME_WELCOME, 0, &frame);
    try_hello(&theirs, bob, "orders", "2", 1);
    party_hear_end(&theirs, REASON_DENIED);
    try_hello(&theirs, bob, "orders", "1", 99); /* nor by a newer epoch */
    party_hear_end(&theirs, REASON_DENIED);
    party_call(&mine, 1, "rpc://nobody/", "");
    party_hear_error(&mine, 1, REASON_NO_SUCH_SERVICE, &error);
    party_close(&mine);
    try_hello(&theirs, bob, "orders", "2", 1);
    party_hear(&theirs, FRAME_WELCOME, 0, &frame);
    party_close(&theirs);
}

/* semantics 17 */
static void a_name_that_is_given_by_the_settings_is_only_for_its_identity(void **state)
{
    (void)state;
    struct party party;
    struct frame frame;
    try_hello(&party, alice, "given", "1", 1);
    party_hear_end(&party, REASON_DENIED);
    try_hello(&party, bob, "given", "1", 1);
    party_hear(&party, FRAME_WELCOME, 0, &frame);
    party_close(&party);
    try_hello(&party, bob, "photon", "1", 1);
    party_hear_end(&party, REASON_DENIED);
}

/* semantics 17 */
static void the_caller_is_who_its_certificate_says(void **state)
{
    (void)state;
    struct party server_party, client;
    struct frame frame;
    struct error error;
    struct bus_call call = {.url = text_span("rpc://orders/p"), .caller = text_span("alice")};
    try_hello(&server_party, alice, "orders", "1", 1);
    party_hear(&server_party, FRAME_WELCOME, 0, &frame);
    party_say(&server_party,
              &(struct frame){.kind = FRAME_ENDPOINT, .endpoint = {.path = text_span("/p")}});
    party_hear(&server_party, FRAME_ENDPOINT_DONE, 0, &frame);
    party_open(&client, bob);
    party_hello(&client, "", "asker");
    party_say(&client, &(struct frame){.exchange = 1, .kind = FRAME_CALL, .call = call});
    party_hear(&server_party, FRAME_CALL, 2, &frame);
    assert_span(frame.call.caller, "bob");
    struct caller_stream *plain = caller_stream_open(alice, "/muon.v1.BusService/Request");
    caller_stream_send(plain, bus_request_encode(&call), true);
    party_hear(&server_party, FRAME_CALL, 4, &frame);
    assert_span(frame.call.caller, "alice");
    caller_stream_cancel(plain);
    caller_stream_end(plain, &error);
    caller_stream_free(plain);
    party_close(&client);
    party_close(&server_party);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_cannot_be_hijacked_while_its_owner_is_connected),
        cmocka_unit_test(a_name_that_is_given_by_the_settings_is_only_for_its_identity),
        cmocka_unit_test(the_caller_is_who_its_certificate_says),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}

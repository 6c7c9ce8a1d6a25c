/*
 * real_events_test.c - 262,200 real events through everything: `muon emit` into photond over TLS, killed three times on the way; a
 * subscriber that was there from the start; the replay, field by field; every aggregate; and writers that race. Under a sanitizer
 * it is the first REAL_EVENTS of them, which take the same ways.
 *
 * The tests are steps of one story and run in order. The events stand beside the project (../shared/data/README.md says what is
 * true of them); without them the story is skipped, which in CI is a failure.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "muon/muon.h"
#include "tests/lib/photond.h"

enum { EVENTS = REAL_EVENTS, ALL_EVENTS = 262200, ALL_STREAMS = 13087, ALL_AMOUNTS = 177634511 };
enum { KILLS = 3, TIMEOUT_MS = 120000, RACERS = 16, ROUNDS = 20 };
#define DATA_FILE DATA_DIR "/bpic2012.ndjson.gz"

struct story {
    struct photond *photond;
    muon_client *client;
    json_t **events; /* as in the file */
    json_t *lengths; /* stream → number of events */
    json_int_t amounts;
    /* the subscriber */
    pthread_t follower;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t followed;
    bool wrong;
};

static muon_client *client_open(struct photond *photond)
{
    muon_config *config;
    muon_client *client;
    muon_error error;
    assert_int_equal(muon_config_new(&config), MUON_OK);
    muon_config_set(config, "tls.ca_file", photond_tls(photond, "ca.crt"), NULL);
    muon_config_set(config, "tls.cert_file", photond_tls(photond, "client.crt"), NULL);
    muon_config_set(config, "tls.key_file", photond_tls(photond, "client.key"), NULL);
    if (muon_open(photond_url(photond), config, &client, &error) != MUON_OK)
        fail_msg("%s", error.message);
    muon_config_free(config);
    return client;
}

static json_int_t amount_of(const char *payload, size_t len)
{
    json_t *json = json_loadb(payload, len, 0, NULL);
    json_int_t amount = json_integer_value(json_object_get(json, "amount-requested"));
    json_decref(json);
    return amount;
}

static json_int_t amount_in(const json_t *event)
{
    return json_integer_value(
        json_object_get(json_object_get(event, "payload"), "amount-requested"));
}

static void read_events(struct story *s)
{
    FILE *in = popen("zcat " DATA_FILE, "r");
    char *line = NULL;
    size_t room = 0, n = 0;
    s->events = calloc(EVENTS, sizeof *s->events);
    s->lengths = json_object();
    for (; n < EVENTS && getline(&line, &room, in) > 0; n++) {
        s->events[n] = json_loads(line, 0, NULL);
        const char *stream = json_string_value(json_object_get(s->events[n], "stream-name"));
        json_int_t length = json_integer_value(json_object_get(s->lengths, stream));
        json_object_set_new(s->lengths, stream, json_integer(length + 1));
        s->amounts += amount_in(s->events[n]);
    }
    bool all = getline(&line, &room, in) <= 0;
    pclose(in);
    assert_int_equal(n, EVENTS);
    assert_int_equal(all, EVENTS == ALL_EVENTS);
    if (all) {
        assert_int_equal(json_object_size(s->lengths), ALL_STREAMS);
        assert_int_equal(s->amounts, ALL_AMOUNTS);
    }
    free(line);
}

static int begin(void **state)
{
    if (access(DATA_FILE, R_OK) != 0) {
        print_message("skipped: there is no %s\n", DATA_FILE);
        return getenv("CI") ? -1 : 0;
    }
    struct story *s = calloc(1, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    read_events(s);
    s->photond = photond_new(NULL);
    assert_true(photond_start(s->photond));
    s->client = client_open(s->photond);
    setenv("MUON_URL", photond_url(s->photond), 1);
    setenv("MUON_CA", photond_tls(s->photond, "ca.crt"), 1);
    setenv("MUON_CERT", photond_tls(s->photond, "client.crt"), 1);
    setenv("MUON_KEY", photond_tls(s->photond, "client.key"), 1);
    *state = s;
    return 0;
}

static int end(void **state)
{
    struct story *s = *state;
    if (!s)
        return 0;
    muon_close(s->client, 1000, NULL);
    muon_free(s->client);
    photond_free(s->photond);
    for (size_t i = 0; i < EVENTS; i++)
        json_decref(s->events[i]);
    json_decref(s->lengths);
    free(s->events);
    free(s);
    return 0;
}

#define STORY(state)                                                                               \
    struct story *s = *(state);                                                                    \
    if (!s)                                                                                        \
    skip()

/* ---- the subscriber ---- */

/* One importer, one order: event i of the subscription is event i of the file. */
static void follow_batch(struct story *s, const muon_batch *batch)
{
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < muon_batch_count(batch); i++, s->followed++) {
        const char *expected =
            s->followed < EVENTS
                ? json_string_value(json_object_get(s->events[s->followed], "event-id"))
                : "nothing";
        if (strcmp(muon_batch_at(batch, i)->event_id.ptr, expected) != 0)
            s->wrong = true;
    }
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

static void *follow(void *arg)
{
    struct story *s = arg;
    muon_client *client = client_open(s->photond);
    muon_sub *sub;
    muon_batch *batch;
    muon_error error;
    int32_t status = muon_subscribe(client, "application-**", NULL, &sub, &error);
    while (status == MUON_OK && s->followed < EVENTS && !s->wrong) {
        status = muon_sub_next(sub, &batch, TIMEOUT_MS, &error);
        if (status == MUON_OK) {
            follow_batch(s, batch);
            muon_batch_free(batch);
        }
    }
    if (status != MUON_OK)
        print_error("the subscriber: %s\n", error.message);
    pthread_mutex_lock(&s->lock);
    s->wrong = s->wrong || status != MUON_OK;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    muon_sub_free(sub);
    muon_close(client, 1000, NULL);
    muon_free(client);
    return NULL;
}

static void follow_until(struct story *s, size_t events)
{
    pthread_mutex_lock(&s->lock);
    while (s->followed < events && !s->wrong)
        pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

/* ---- the steps ---- */

static pid_t import_start(void)
{
    char command[4096];
    snprintf(command, sizeof command,
             "zcat " DATA_FILE " | head -n %d | " MUON_PROGRAM " --timeout 120s emit >/dev/null",
             (int)EVENTS);
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static void import_wait(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static json_t *document(muon_reply *reply)
{
    json_t *json = json_loadb(reply->body.ptr, reply->body.len, 0, NULL);
    assert_non_null(json);
    muon_reply_free(reply);
    return json;
}

/* How many streams there are, and the sum of what they hold. */
static void assert_stored(struct story *s, size_t streams, json_int_t events)
{
    muon_reply *reply;
    muon_error error;
    assert_int_equal(muon_streams(s->client, "application-**", NULL, 0, TIMEOUT_MS, &reply, &error),
                     MUON_OK);
    json_t *json = document(reply), *list = json_object_get(json, "streams");
    json_int_t sum = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        sum += json_integer_value(json_object_get(json_array_get(list, i), "total-events"));
    assert_int_equal(json_array_size(list), streams);
    assert_int_equal(sum, events);
    json_decref(json);
}

/* semantics 3, 7, 11, 22 */
static void the_import_survives_three_kills_and_the_subscriber_sees_each_event_once(void **state)
{
    STORY(state);
    unsigned seed = (unsigned)getpid();
    print_message("seed %u\n", seed);
    assert_int_equal(pthread_create(&s->follower, NULL, follow, s), 0);
    pid_t import = import_start();
    for (int i = 0; i < KILLS; i++) {
        follow_until(s, (size_t)(i * (EVENTS / 10 * 3) + rand_r(&seed) % (EVENTS / 4) + 1));
        photond_kill(s->photond);
        assert_true(photond_start(s->photond));
    }
    import_wait(import);
    follow_until(s, EVENTS);
    pthread_join(s->follower, NULL);
    assert_false(s->wrong);
    assert_int_equal(s->followed, EVENTS);
    assert_stored(s, json_object_size(s->lengths), EVENTS);
}

static void assert_same_event(json_t *given, json_t *stored, json_int_t *last)
{
    const char *key;
    json_t *value;
    json_object_foreach(given, key, value)
    {
        if (!json_equal(value, json_object_get(stored, key)))
            fail_msg("%s of %s differs", key,
                     json_string_value(json_object_get(given, "event-id")));
    }
    json_int_t order_id = json_integer_value(json_object_get(stored, "order-id"));
    assert_true(order_id > *last);
    *last = order_id;
}

/* semantics 2, 11 */
static void a_cold_replay_gives_them_back_equal_and_in_order(void **state)
{
    STORY(state);
    FILE *replay = popen(MUON_PROGRAM " replay __all__ -r", "r");
    char *line = NULL;
    size_t room = 0, n = 0;
    json_int_t last = 0;
    for (; getline(&line, &room, replay) > 0; n++) {
        json_t *stored = json_loads(line, 0, NULL);
        assert_non_null(stored);
        assert_true(n < EVENTS);
        assert_same_event(s->events[n], stored, &last);
        json_decref(stored);
    }
    free(line);
    assert_int_equal(pclose(replay), 0);
    assert_int_equal(n, EVENTS);
}

/* semantics 3 */
static void importing_again_stores_nothing(void **state)
{
    STORY(state);
    import_wait(import_start());
    assert_stored(s, json_object_size(s->lengths), EVENTS);
}

struct application {
    int64_t events, amount;
};

static int32_t apply(void *state, const muon_event *event)
{
    struct application *application = state;
    if (event->version != ++application->events)
        return 1;
    application->amount += amount_of(event->payload.ptr, event->payload.len);
    return 0;
}

static void every_application_is_rebuilt_from_its_stream(void **state)
{
    STORY(state);
    const char *stream;
    json_t *length;
    int64_t amounts = 0, events = 0;
    json_object_foreach(s->lengths, stream, length)
    {
        struct application application = {0};
        int64_t version = 0;
        muon_error error;
        if (muon_load(s->client, stream, apply, &application, &version, TIMEOUT_MS, &error) !=
            MUON_OK)
            fail_msg("%s: %s", stream, error.message);
        assert_int_equal(version, json_integer_value(length));
        assert_int_equal(application.events, version);
        amounts += application.amount;
        events += version;
    }
    assert_int_equal(events, EVENTS);
    assert_int_equal(amounts, s->amounts);
}

/* ---- writers that race ---- */

struct racer {
    pthread_t thread;
    struct story *story;
    int number;
    int64_t won;
    bool wrong;
};

static int32_t count(void *state, const muon_event *event)
{
    (void)event;
    ++*(int64_t *)state;
    return 0;
}

/* Load, decide, emit with the version loaded; after a conflict load again. */
static bool race_once(struct racer *r, int round)
{
    char payload[64];
    int length = snprintf(payload, sizeof payload, "{\"racer\":%d,\"round\":%d}", r->number, round);
    muon_event_in event = {.type = "Raced", .payload = payload, .payload_len = (size_t)length};
    for (;;) {
        int64_t events = 0, version = 0;
        muon_error error;
        muon_emit_result result;
        if (muon_load(r->story->client, "race", count, &events, &version, TIMEOUT_MS, &error) !=
            MUON_OK)
            return false;
        muon_expect expect = {.kind = MUON_EXPECT_VERSION, .version = version};
        muon_emit_opts opts = {.expects = &expect, .expects_len = 1, .timeout_ms = TIMEOUT_MS};
        int32_t status = muon_emit(r->story->client, "race", &event, 1, &opts, &result, &error);
        if (status == MUON_OK) {
            r->won++;
            return result.version == version + 1 && events == version;
        }
        if (status != MUON_ECONFLICT || error.version <= version)
            return false;
    }
}

static void *race(void *arg)
{
    struct racer *r = arg;
    for (int round = 0; round < ROUNDS && !r->wrong; round++)
        r->wrong = !race_once(r, round);
    return NULL;
}

/* semantics 4 */
static void of_sixteen_writers_racing_none_loses_an_update(void **state)
{
    STORY(state);
    struct racer racers[RACERS];
    int64_t won = 0, events = 0, version = 0;
    muon_error error;
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.story = s, .number = i};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < RACERS; i++) {
        pthread_join(racers[i].thread, NULL);
        assert_false(racers[i].wrong);
        won += racers[i].won;
    }
    assert_int_equal(muon_load(s->client, "race", count, &events, &version, TIMEOUT_MS, &error),
                     MUON_OK);
    assert_int_equal(won, RACERS * ROUNDS);
    assert_int_equal(version, won);
    assert_int_equal(events, won);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_import_survives_three_kills_and_the_subscriber_sees_each_event_once),
        cmocka_unit_test(a_cold_replay_gives_them_back_equal_and_in_order),
        cmocka_unit_test(importing_again_stores_nothing),
        cmocka_unit_test(every_application_is_rebuilt_from_its_stream),
        cmocka_unit_test(of_sixteen_writers_racing_none_loses_an_update),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

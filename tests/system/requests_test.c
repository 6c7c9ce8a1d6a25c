/*
 * Every request ends exactly once, whatever is killed meanwhile.
 *
 * Fifty callers ask a service of up to eight instances, each a process of its own, while these are killed, cut off and added, callers are
 * cut off, and photond is killed and started again. Every request carries a number of its own: it must come back, and each
 * instance says which it has seen. What is done next waits for so many answers, never for a time. The environment's SEED makes another
 * run of it.
 */
#include "tests/lib/photond.h"
#include "tests/sdk/made.h"
#include "tests/system/cut.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    CLIENTS = 4,
    ASYNC_CLIENTS = 2, /* the first ones; each has an asynchronous caller besides */
    THREADS = 40,
    WINDOW = 5, /* of an asynchronous caller: 40 + 2 * 5 callers */
    SLOTS = 8,
    READY_MIN = 3, /* so many instances are left alone */
    STEPS = 100,
    SPAWNED_MAX = SLOTS + STEPS,
    NUMBERS_MAX = 1 << 21,
    DEADLINE_MS = 30000,
    SHORT_DEADLINE_MS = 300, /* of what is never answered */
    LATE_MS = 1000,          /* nothing lives longer past its deadline */
    NEVER_EACH = 128,        /* one request of so many */
    PATIENCE_S = 60,
    SEED = 20
};

enum outcome { NONE, ANSWERED, FAILED_UNSEEN, FAILED_PERHAPS_SEEN };

struct instance {
    pid_t pid; /* 0: gone */
    int in, out;
    pthread_t reader;
    _Atomic bool ready;
};

static struct {
    _Atomic uint64_t numbers;               /* given out */
    _Atomic uint8_t ended[NUMBERS_MAX + 1]; /* how often */
    _Atomic uint8_t seen[NUMBERS_MAX + 1];  /* by instances */
    uint8_t outcome[NUMBERS_MAX + 1];
    _Atomic uint64_t failed, late, strange;
    _Atomic bool stop;
    pthread_mutex_t mutex;
    pthread_cond_t progress;
    uint64_t answered;
    struct photond *photond;
    muon_client *clients[CLIENTS];
    struct instance spawned[SPAWNED_MAX];
    size_t spawned_len;
    struct instance *slots[SLOTS];
    uint64_t random;
} run = {.mutex = PTHREAD_MUTEX_INITIALIZER, .progress = PTHREAD_COND_INITIALIZER};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static size_t chance(size_t of)
{
    run.random = run.random * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(run.random >> 33) % of;
}

/* ---- callers ---- */

struct ask {
    uint64_t number;
    muon_request_opts opts;
    const char *url;
    int64_t deadline_ms;
};

/* false: it is time to stop. */
static bool ask_new(struct ask *ask)
{
    uint64_t number = run.stop ? NUMBERS_MAX : atomic_fetch_add(&run.numbers, 1) + 1;
    if (number >= NUMBERS_MAX)
        return false;
    bool never = number % NEVER_EACH == 0;
    *ask = (struct ask){.number = number,
                        .opts.timeout_ms = never ? SHORT_DEADLINE_MS : DEADLINE_MS,
                        .url = never ? "rpc://chaos/never" : "rpc://chaos/echo"};
    ask->deadline_ms = now_ms() + ask->opts.timeout_ms;
    return true;
}

static void answered(void)
{
    pthread_mutex_lock(&run.mutex);
    run.answered++;
    pthread_cond_broadcast(&run.progress);
    pthread_mutex_unlock(&run.mutex);
}

static bool is_own_answer(const muon_reply *reply, uint64_t number)
{
    return reply->status == 200 && reply->body.len == sizeof number &&
           memcmp(reply->body.ptr, &number, sizeof number) == 0;
}

static bool may_fail_with(int32_t status)
{
    return status == MUON_ENOENT || status == MUON_EREMOTE || status == MUON_EUNAVAIL ||
           status == MUON_ETIMEDOUT;
}

static void ask_ended(const struct ask *ask, int32_t status, const muon_reply *reply,
                      const muon_error *error)
{
    bool never = ask->opts.timeout_ms == SHORT_DEADLINE_MS;
    run.late += now_ms() > ask->deadline_ms + LATE_MS;
    if (status == MUON_OK) {
        run.outcome[ask->number] = ANSWERED;
        run.strange += never || !is_own_answer(reply, ask->number);
        answered();
    } else {
        bool seen = error->flags & MUON_MAYBE_APPLIED;
        run.outcome[ask->number] = seen ? FAILED_PERHAPS_SEEN : FAILED_UNSEEN;
        run.failed++;
        if (!may_fail_with(status)) {
            run.strange++;
            print_message("%s: %s\n", muon_status_name(status), error->message);
        }
    }
    run.ended[ask->number]++;
}

static void *call_blocking(void *client)
{
    struct ask ask;
    while (ask_new(&ask)) {
        muon_reply *reply = NULL;
        muon_error error;
        int32_t status = muon_request(client, ask.url, &ask.number, sizeof ask.number, &ask.opts,
                                      &reply, &error);
        ask_ended(&ask, status, reply, &error);
        muon_reply_free(reply);
        if (status != MUON_OK)
            muon_ping(client, DEADLINE_MS, NULL); /* no faster than a round trip */
    }
    return NULL;
}

static void drain_one(muon_queue *q, struct ask *asks)
{
    muon_item item;
    assert_int_equal(muon_queue_wait(q, &item, 1, PATIENCE_S * 1000), 1);
    struct ask *ask = &asks[item.tag];
    ask_ended(ask, item.status, item.object, item.error);
    ask->number = 0;
    muon_item_clear(&item);
}

static void *call_async(void *client)
{
    struct ask asks[WINDOW] = {0};
    muon_queue *q;
    bool more = true;
    size_t under_way = 0;
    assert_int_equal(muon_queue_new(client, &q, NULL), MUON_OK);
    while (more || under_way) {
        for (size_t i = 0; more && i < WINDOW; i++) {
            struct ask *ask = &asks[i];
            if (ask->number || !(more = ask_new(ask)))
                continue;
            assert_int_equal(muon_request_async(client, ask->url, &ask->number, sizeof ask->number,
                                                &ask->opts, q, i, NULL),
                             MUON_OK);
            under_way++;
        }
        if (under_way) {
            drain_one(q, asks);
            under_way--;
        }
    }
    muon_queue_free(q);
    return NULL;
}

/* ---- instances ---- */

static void *read_seen(void *arg)
{
    struct instance *instance = arg;
    uint64_t numbers[256];
    char *buffer = (char *)numbers;
    size_t len = 0;
    for (ssize_t n; (n = read(instance->out, buffer + len, sizeof numbers - len)) > 0;) {
        len += (size_t)n;
        for (size_t i = 0; i < len / sizeof *numbers; i++) {
            if (numbers[i] == 0)
                instance->ready = true;
            else if (numbers[i] > NUMBERS_MAX)
                run.strange++;
            else
                run.seen[numbers[i]]++;
        }
        memmove(buffer, buffer + len / sizeof *numbers * sizeof *numbers, len % sizeof *numbers);
        len %= sizeof *numbers;
    }
    return NULL;
}

static struct instance *spawn(void)
{
    struct instance *instance = &run.spawned[run.spawned_len++];
    char *argv[] = {(char *)INSTANCE_PROGRAM, (char *)photond_url(run.photond), NULL};
    posix_spawn_file_actions_t actions;
    int in[2], out[2];
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    assert_int_equal(posix_spawn(&instance->pid, argv[0], &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    instance->in = in[1];
    instance->out = out[0];
    assert_int_equal(pthread_create(&instance->reader, NULL, read_seen, instance), 0);
    return instance;
}

/* Its exit status, once all that it has said is read. */
static int reap(struct instance *instance)
{
    int status;
    while (waitpid(instance->pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    pthread_join(instance->reader, NULL);
    close(instance->out);
    instance->pid = 0;
    instance->ready = false;
    return status;
}

static void kill_one(struct instance **slot)
{
    struct instance *instance = *slot;
    kill(instance->pid, SIGKILL);
    assert_true(WIFSIGNALED(reap(instance)));
    close(instance->in);
    *slot = NULL;
}

static void leave_in_order(struct instance **slot)
{
    struct instance *instance = *slot;
    if (!instance)
        return;
    close(instance->in);
    assert_int_equal(reap(instance), 0);
    *slot = NULL;
}

static size_t count_ready(void)
{
    size_t n = 0;
    for (size_t i = 0; i < SLOTS; i++)
        n += run.slots[i] && run.slots[i]->ready;
    return n;
}

/* ---- what happens meanwhile ---- */

static void await_answers(uint64_t more)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&run.mutex);
    uint64_t goal = run.answered + more;
    while (run.answered < goal)
        if (pthread_cond_timedwait(&run.progress, &run.mutex, &until) == ETIMEDOUT)
            fail_msg("nothing is answered any more, after %llu answers",
                     (unsigned long long)run.answered);
    pthread_mutex_unlock(&run.mutex);
}

static void step(void)
{
    struct instance **slot = &run.slots[chance(SLOTS)];
    size_t what = chance(4);
    if (!*slot)
        *slot = spawn();
    else if (what <= 1 && count_ready() > READY_MIN)
        kill_one(slot);
    else if (what == 2)
        assert_int_equal(write((*slot)->in, "c", 1), 1); /* cuts itself off */
    else
        cut_connections(chance(CLIENTS), 1); /* one of the callers' */
}

static void check_numbers(void)
{
    uint64_t asked = run.numbers, counts[4] = {0};
    assert_true(asked < NUMBERS_MAX);
    for (uint64_t n = 1; n <= asked; n++) {
        if (run.ended[n] != 1)
            fail_msg("request %llu has ended %d times", (unsigned long long)n, run.ended[n]);
        if (run.seen[n] > 1)
            fail_msg("request %llu was seen %d times", (unsigned long long)n, run.seen[n]);
        if (run.outcome[n] == ANSWERED && run.seen[n] != 1)
            fail_msg("request %llu was answered by nobody", (unsigned long long)n);
        if (run.outcome[n] == FAILED_UNSEEN && run.seen[n] != 0)
            fail_msg("request %llu was seen, and its caller told that it was not",
                     (unsigned long long)n);
        counts[run.outcome[n]]++;
    }
    print_message("%llu requests: %llu answered, %llu failed unseen, %llu perhaps seen\n",
                  (unsigned long long)asked, (unsigned long long)counts[ANSWERED],
                  (unsigned long long)counts[FAILED_UNSEEN],
                  (unsigned long long)counts[FAILED_PERHAPS_SEEN]);
}

/* How many exchanges photond has under way with instances of the service; -1: nobody serves it. */
static json_int_t in_flight(void)
{
    muon_reply *reply;
    muon_error error;
    json_int_t sum = 0;
    size_t i;
    json_t *instance;
    if (muon_discover(run.clients[0], "chaos", DEADLINE_MS, &reply, &error) != MUON_OK)
        fail_msg("%s", error.message);
    json_t *o = json_loads(reply->body.ptr, 0, NULL);
    json_t *service = json_array_get(json_object_get(o, "services"), 0);
    json_array_foreach(json_object_get(service, "instances"), i, instance) sum +=
        json_integer_value(json_object_get(instance, "in-flight"));
    json_decref(o);
    muon_reply_free(reply);
    return service ? sum : -1;
}

static void start(pthread_t *threads)
{
    const struct photond_options plain = {.plain = true};
    run.photond = photond_new(&plain);
    assert_true(photond_start(run.photond));
    for (size_t i = 0; i < CLIENTS; i++)
        run.clients[i] = made_client(photond_url(run.photond), NULL);
    for (size_t i = 0; i < SLOTS; i++)
        run.slots[i] = spawn();
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, call_blocking, run.clients[i % CLIENTS]);
    for (size_t i = 0; i < ASYNC_CLIENTS; i++)
        pthread_create(&threads[THREADS + i], NULL, call_async, run.clients[i]);
}

static void restart_photond(void)
{
    photond_kill(run.photond);
    assert_true(photond_start(run.photond));
}

/* semantics 16, 18, 22 */
static void every_request_ends_once_while_instances_and_photond_are_killed(void **state)
{
    pthread_t threads[THREADS + ASYNC_CLIENTS];
    const char *seed = getenv("SEED");
    (void)state;
    run.random = seed ? strtoull(seed, NULL, 10) : SEED;
    start(threads);
    for (int i = 0; i < STEPS; i++) {
        await_answers(20 + chance(60));
        step();
        if (i == STEPS / 3 || i == 2 * STEPS / 3)
            restart_photond();
    }
    await_answers(200);
    run.stop = true;
    for (size_t i = 0; i < THREADS + ASYNC_CLIENTS; i++)
        pthread_join(threads[i], NULL);
    int64_t until_ms = now_ms() + PATIENCE_S * 1000;
    while (in_flight() != 0) /* the last cancels are under way */
        assert_true(now_ms() < until_ms);
    for (size_t i = 0; i < SLOTS; i++)
        leave_in_order(&run.slots[i]);
    assert_int_equal(in_flight(), -1);
    check_numbers();
    assert_int_equal(run.strange, 0);
    assert_int_equal(run.late, 0);
    for (size_t i = 0; i < CLIENTS; i++)
        made_close(run.clients[i]);
    assert_int_equal(photond_stop(run.photond), 0);
    photond_free(run.photond);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_ends_once_while_instances_and_photond_are_killed),
    };
    signal(SIGPIPE, SIG_IGN); /* to an instance that has just been killed */
    return cmocka_run_group_tests(tests, NULL, NULL);
}

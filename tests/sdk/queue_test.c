/*
 * Queues, and the process around a client: descriptors, wakes, threads, signals, fork, watching, logging, metrics.
 */
#include "tests/sdk/fake.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_readable(const muon_queue *q)
{
    struct pollfd fd = {(int)muon_queue_fd(q), POLLIN, 0};
    return poll(&fd, 1, 0) == 1;
}

static void emit_to(muon_client *c, muon_queue *q, uint64_t tag)
{
    const muon_event_in event = {.type = "T"};
    assert_int_equal(muon_emit_async(c, "s", &event, 1, NULL, q, tag, NULL), MUON_OK);
}

/* hazards 19 */
static void the_descriptor_is_readable_exactly_while_there_is_something(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_queue *q;
    muon_item item;
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    for (int round = 0; round < 3; round++) {
        assert_false(is_readable(q));
        emit_to(c, q, 1);
        emit_to(c, q, 2);
        assert_int_equal(muon_flush(c, 0, NULL), MUON_OK);
        assert_true(is_readable(q));
        assert_true(is_readable(q)); /* polling does not use it up */
        assert_int_equal(muon_queue_wait(q, &item, 1, 0), 1);
        assert_true(is_readable(q));
        assert_int_equal(muon_queue_wait(q, &item, 1, 0), 1);
    }
    assert_false(is_readable(q));
    muon_queue_free(q);
    made_close(c);
    fake_free(fake);
}

static void the_descriptor_of_a_full_queue_is_readable_when_asked_for_late(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_queue *q;
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    emit_to(c, q, 1);
    assert_int_equal(muon_flush(c, 0, NULL), MUON_OK);
    assert_true(is_readable(q));
    muon_queue_free(q);
    made_close(c);
    fake_free(fake);
}

static void *wake_it(void *q)
{
    muon_queue_wake(q);
    return NULL;
}

static void a_wake_ends_one_wait_now_or_next(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_queue *q;
    muon_item item;
    pthread_t thread;
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    muon_queue_wake(q);
    assert_true(is_readable(q));
    assert_int_equal(muon_queue_wait(q, &item, 1, MUON_FOREVER), 0);
    assert_false(is_readable(q));
    pthread_create(&thread, NULL, wake_it, q);
    assert_int_equal(muon_queue_wait(q, &item, 1, MUON_FOREVER), 0);
    pthread_join(thread, NULL);
    assert_int_equal(muon_queue_wait(q, &item, 0, 0), MUON_EINVAL);
    assert_int_equal(muon_queue_wait(q, NULL, 1, 0), MUON_EINVAL);
    assert_int_equal(muon_queue_wait(NULL, &item, 1, 0), MUON_EINVAL);
    muon_queue_free(q);
    made_close(c);
    fake_free(fake);
}

static void count_item(void *user, muon_item *item)
{
    assert_int_equal(item->status, MUON_OK);
    ++*(int *)user;
}

static void run_hands_each_item_to_the_function_on_this_thread(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_queue *q;
    int seen = 0;
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    for (uint64_t i = 0; i < 100; i++)
        emit_to(c, q, i);
    while (seen < 100)
        assert_true(muon_queue_run(q, count_item, &seen, 30000) > 0);
    assert_int_equal(muon_queue_run(q, count_item, &seen, 0), 0);
    muon_queue_free(q);
    made_close(c);
    fake_free(fake);
}

enum { WRITERS = 4, EACH = 500 };

struct writer {
    muon_client *client;
    muon_queue *queue;
    uint64_t first;
};

static void *write_many(void *arg)
{
    struct writer *w = arg;
    for (uint64_t i = 0; i < EACH; i++)
        emit_to(w->client, w->queue, w->first + i);
    return NULL;
}

static void every_accepted_emit_gives_exactly_one_item_from_many_threads(void **state)
{
    (void)state;
    static int seen[WRITERS * EACH];
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    muon_queue *q;
    muon_item items[32];
    memset(seen, 0, sizeof seen);
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){c, q, (uint64_t)i * EACH};
        pthread_create(&threads[i], NULL, write_many, &writers[i]);
    }
    for (int got = 0; got < WRITERS * EACH;) {
        int32_t n = muon_queue_wait(q, items, 32, 30000);
        assert_true(n > 0);
        for (int32_t i = 0; i < n; i++, got++) {
            assert_int_equal(items[i].status, MUON_OK);
            seen[items[i].tag]++;
            muon_item_clear(&items[i]);
        }
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < WRITERS * EACH; i++)
        assert_int_equal(seen[i], 1);
    assert_int_equal(muon_queue_wait(q, items, 32, 0), 0);
    muon_queue_free(q);
    made_close(c);
    fake_free(fake);
}

/* ---- the process ---- */

/* Every thread but the caller's has all signals blocked that can be. */
static void check_threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    struct dirent *entry;
    char path[300], line[256];
    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid())
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
        FILE *file = fopen(path, "r");
        unsigned long long blocked = ~0ull;
        while (file && fgets(line, sizeof line, file))
            sscanf(line, "SigBlk: %llx", &blocked);
        if (file)
            fclose(file);
        const unsigned long long wanted = 1ull << (SIGINT - 1) | 1ull << (SIGTERM - 1) |
                                          1ull << (SIGUSR1 - 1) | 1ull << (SIGCHLD - 1) |
                                          1ull << (SIGALRM - 1) | 1ull << (SIGPIPE - 1);
        if ((blocked & wanted) != wanted)
            fail_msg("a thread takes signals: SigBlk %llx", blocked);
    }
    closedir(dir);
}

static void library_threads_take_no_signals(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    for (int i = 0; i < 50; i++)
        assert_int_equal(made_emit(c, "x", NULL, NULL), MUON_OK);
    check_threads();
    made_close(c);
    fake_free(fake);
}

static void descriptors_are_closed_by_exec(void **state)
{
    (void)state;
    int before[1024];
    for (int fd = 0; fd < 1024; fd++)
        before[fd] = fcntl(fd, F_GETFD);
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_queue *q;
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    assert_int_equal(muon_ping(c, 0, NULL), MUON_OK);
    for (int fd = 0; fd < 1024; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (before[fd] < 0 && flags >= 0)
            assert_true(flags & FD_CLOEXEC);
    }
    muon_queue_free(q);
    made_close(c);
    fake_free(fake);
}

/* What a child may do: nothing but free. Its exit code is the number of the first check that failed. */
static int child(muon_client *c, muon_queue *q, muon_sub *s, muon_batch *batch)
{
    muon_client *other;
    muon_batch *next;
    muon_item item;
    muon_error err;
    if (muon_ping(c, 0, &err) != MUON_EFORKED || !(err.flags & MUON_FATAL))
        return 1;
    if (made_emit(c, "x", NULL, NULL) != MUON_EFORKED)
        return 2;
    if (muon_open("muon+insecure://127.0.0.1:1", NULL, &other, NULL) != MUON_EFORKED)
        return 3;
    if (muon_queue_wait(q, &item, 1, MUON_FOREVER) != MUON_EFORKED || muon_queue_fd(q) != -1)
        return 4;
    if (muon_sub_next(s, &next, MUON_FOREVER, NULL) != MUON_EFORKED)
        return 5;
    if (muon_close(c, MUON_FOREVER, NULL) != MUON_EFORKED || muon_flush(c, 0, NULL) != MUON_EFORKED)
        return 6;
    if (muon_batch_count(batch) != 1)
        return 7;
    muon_batch_free(batch);
    muon_sub_free(s);
    muon_queue_free(q);
    muon_free(c);
    return 0;
}

/* hazards 8 */
static void a_forked_child_is_refused_and_the_parent_goes_on(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_queue *q;
    muon_sub *s;
    muon_batch *batch;
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    assert_int_equal(made_emit(c, "x", NULL, NULL), MUON_OK);
    assert_int_equal(muon_read(c, "s", 0, 0, 1, 0, 0, &batch, NULL), MUON_OK);
    assert_int_equal(muon_subscribe(c, "s", NULL, &s, NULL), MUON_OK);
    pid_t pid = fork();
    if (pid == 0)
        _exit(child(c, q, s, batch));
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(made_emit(c, "y", NULL, NULL), MUON_OK);
    muon_batch_free(batch);
    muon_sub_free(s);
    muon_queue_free(q);
    made_close(c);
    fake_free(fake);
}

/* ---- telling ---- */

static void a_watcher_is_told_the_state_now_and_each_newest(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_queue *q;
    muon_item item;
    assert_int_equal(muon_queue_new(c, &q, NULL), MUON_OK);
    assert_int_equal(muon_watch(c, q, 3), MUON_OK);
    assert_int_equal(muon_queue_wait(q, &item, 1, 0), 1);
    assert_int_equal(item.kind, MUON_ITEM_STATE);
    assert_int_equal(item.tag, 3);
    assert_int_equal(item.state, MUON_STATE_IDLE);
    assert_int_equal(muon_ping(c, 0, NULL), MUON_OK);
    assert_int_equal(muon_queue_wait(q, &item, 1, 0),
                     1); /* connecting and ready: only the newest is kept */
    assert_int_equal(item.state, MUON_STATE_READY);
    assert_int_equal(muon_queue_wait(q, &item, 1, 0), 0);
    fake_free(fake);
    assert_int_equal(muon_queue_wait(q, &item, 1, 30000),
                     1); /* seen without anybody asking for anything */
    assert_int_equal(item.state, MUON_STATE_IDLE);
    assert_int_equal(muon_cancel(q, 3), MUON_OK);
    for (uint64_t i = 0; i < 16; i++)
        assert_int_equal(muon_watch(c, q, i), MUON_OK);
    assert_int_equal(muon_watch(c, q, 16), MUON_EAGAIN);
    muon_queue_free(q);
    made_close(c);
}

struct lines {
    atomic_int count, freed;
    char last[400];
};

static void take_line(void *user, int32_t level, const char *line)
{
    struct lines *lines = user;
    (void)level;
    snprintf(lines->last, sizeof lines->last, "%s", line);
    atomic_fetch_add(&lines->count, 1);
}

static void free_lines(void *user)
{
    atomic_fetch_add(&((struct lines *)user)->freed, 1);
}

static void log_lines_say_what_the_connection_does(void **state)
{
    (void)state;
    static struct lines lines, quiet;
    muon_client *c;
    assert_int_equal(muon_open("muon+insecure://127.0.0.1:1", NULL, &c, NULL), MUON_OK);
    muon_set_log(c, MUON_LOG_ERROR, take_line, &quiet, free_lines);
    muon_set_log(c, MUON_LOG_INFO, take_line, &lines, free_lines);
    assert_int_equal(muon_ping(c, 300, NULL), MUON_ETIMEDOUT);
    assert_int_equal(atomic_load(&quiet.freed), 1);
    made_close(c);
    assert_true(atomic_load(&lines.count) > 0);
    assert_non_null(strstr(lines.last, "127.0.0.1:1"));
    while (atomic_load(&lines.freed) == 0)
        ; /* the last thread lets go of the client */
    assert_int_equal(atomic_load(&quiet.count), 0);
}

static void metrics_count_what_was_done(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_reply *reply;
    for (int i = 0; i < 3; i++)
        assert_int_equal(made_emit(c, "x", NULL, NULL), MUON_OK);
    assert_int_equal(muon_metrics(c, "json", &reply, NULL), MUON_OK);
    assert_non_null(strstr(reply->body.ptr, "\"emits_stored\":3"));
    assert_non_null(strstr(reply->body.ptr, "\"emits_inflight\":0"));
    assert_int_equal(strlen(reply->body.ptr), reply->body.len);
    muon_reply_free(reply);
    assert_int_equal(muon_metrics(c, "openmetrics", &reply, NULL), MUON_OK);
    assert_non_null(strstr(reply->body.ptr, "muon_client_emits_stored_total 3\n"));
    assert_non_null(strstr(reply->body.ptr, "muon_client_emit_seconds_count 3\n"));
    assert_string_equal(reply->body.ptr + reply->body.len - 6, "# EOF\n");
    muon_reply_free(reply);
    assert_int_equal(muon_metrics(c, "xml", &reply, NULL), MUON_EINVAL);
    muon_reply_free(NULL);
    made_close(c);
    fake_free(fake);
}

static void info_is_a_document(void **state)
{
    (void)state;
    struct fake *fake = fake_new(NULL, NULL);
    muon_client *c = made_client(fake_url(fake), NULL);
    muon_reply *reply;
    assert_int_equal(muon_info(c, 0, &reply, NULL), MUON_OK);
    assert_string_equal(reply->content_type.ptr, "application/json");
    assert_non_null(
        strstr(reply->body.ptr, "\"store-id\":\"8f7e9c30-0000-7000-8000-000000000001\""));
    assert_non_null(strstr(reply->body.ptr, "\"batch-events\":1000"));
    muon_reply_free(reply);
    made_close(c);
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_descriptor_is_readable_exactly_while_there_is_something),
        cmocka_unit_test(the_descriptor_of_a_full_queue_is_readable_when_asked_for_late),
        cmocka_unit_test(a_wake_ends_one_wait_now_or_next),
        cmocka_unit_test(run_hands_each_item_to_the_function_on_this_thread),
        cmocka_unit_test(every_accepted_emit_gives_exactly_one_item_from_many_threads),
        cmocka_unit_test(library_threads_take_no_signals),
        cmocka_unit_test(descriptors_are_closed_by_exec),
        cmocka_unit_test(a_forked_child_is_refused_and_the_parent_goes_on),
        cmocka_unit_test(a_watcher_is_told_the_state_now_and_each_newest),
        cmocka_unit_test(log_lines_say_what_the_connection_does),
        cmocka_unit_test(metrics_count_what_was_done),
        cmocka_unit_test(info_is_a_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * scrape_test.c - the listener for monitoring, asked by clients of all kinds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/scrape.h"

enum { ANSWER_BYTES = 256 * 1024 };
static char answer[ANSWER_BYTES];
static _Atomic enum reason writable;

static void give_metrics(void *user, struct metrics *metrics)
{
    *metrics = (struct metrics){.emits = 4711};
    assert_string_equal(user, "user");
}

static enum reason give_writable(void *user)
{
    assert_string_equal(user, "user");
    return writable;
}

static struct scrape *open_scrape(int64_t connection_ms)
{
    static const struct scrape_source source = {give_metrics, give_writable, "user"};
    struct error error;
    struct scrape *scrape = scrape_open("127.0.0.1:0", &source, connection_ms, &error);
    assert_non_null(scrape);
    return scrape;
}

static int dial(const struct scrape *scrape)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)scrape_port(scrape)),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

/* Everything until the end of the connection; an empty text if there was nothing. */
static const char *hear(int fd)
{
    size_t len = 0;
    for (ssize_t got; (got = recv(fd, answer + len, sizeof answer - 1 - len, 0)) > 0;)
        len += (size_t)got;
    answer[len] = '\0';
    close(fd);
    return answer;
}

static const char *ask(const struct scrape *scrape, const char *request)
{
    int fd = dial(scrape);
    send(fd, request, strlen(request), MSG_NOSIGNAL);
    return hear(fd);
}

static const char *get(const struct scrape *scrape, const char *path)
{
    char request[256];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    return ask(scrape, request);
}

static void assert_answer(const char *heard, const char *status, const char *body)
{
    char line[64];
    snprintf(line, sizeof line, "HTTP/1.1 %s", status);
    if (strncmp(heard, line, strlen(line)) != 0 || !strstr(heard, body))
        fail_msg("neither %s nor %s: %.300s", status, body, heard);
}

/* Where a connection's time is so short that a slow machine may miss it. */
static void assert_answers_at_last(const struct scrape *scrape)
{
    while (!strstr(get(scrape, "/metrics"), "\nphotond_emits_total 4711\n")) {
    }
}

static void what_is_asked_for_is_given(void **state)
{
    (void)state;
    struct scrape *scrape = open_scrape(0);
    writable = REASON_NONE;
    assert_answer(get(scrape, "/metrics"), "200", "\nphotond_emits_total 4711\n");
    assert_non_null(
        strstr(answer, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_answer(get(scrape, "/healthz"), "200", "alive");
    assert_answer(get(scrape, "/readyz"), "200", "ready");
    assert_answer(get(scrape, "/metrics?a=b"), "200", "4711");
    scrape_close(scrape);
}

static void readiness_says_why_not(void **state)
{
    (void)state;
    struct scrape *scrape = open_scrape(0);
    writable = REASON_STORE_FULL;
    assert_answer(get(scrape, "/readyz"), "503", "the disk is full");
    assert_answer(get(scrape, "/healthz"), "200", "alive");
    writable = REASON_STORE_UNAVAILABLE;
    assert_answer(get(scrape, "/readyz"), "503", "writing failed");
    writable = REASON_SHUTTING_DOWN;
    assert_answer(get(scrape, "/readyz"), "503", "going down");
    writable = REASON_NONE;
    assert_answer(get(scrape, "/readyz"), "200", "ready");
    scrape_close(scrape);
}

static void everything_else_is_not_there(void **state)
{
    (void)state;
    static const char *const paths[] = {"/",         "/metric", "/metrics/", "/metrics/x",
                                        "//metrics", "/..",     "/%00",      "*"};
    struct scrape *scrape = open_scrape(0);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_answer(get(scrape, paths[i]), "404", "/metrics, /healthz and /readyz");
    scrape_close(scrape);
}

static void head_has_no_body_and_other_methods_are_refused(void **state)
{
    (void)state;
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", "X"};
    struct scrape *scrape = open_scrape(0);
    assert_answer(ask(scrape, "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n"), "200",
                  "Content-Length");
    assert_null(strstr(answer, "4711"));
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        char request[256];
        snprintf(request, sizeof request,
                 "%s /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n", methods[i]);
        assert_answer(ask(scrape, request), "405", "only GET and HEAD");
        assert_null(strstr(answer, "4711"));
    }
    scrape_close(scrape);
}

static void one_request_is_answered_on_a_connection(void **state)
{
    (void)state;
    struct scrape *scrape = open_scrape(0);
    assert_answer(ask(scrape, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
                              "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
                  "200", "Connection: close");
    assert_null(strstr(strstr(answer, "alive") + 1, "alive"));
    scrape_close(scrape);
}

/* What is no request yet may go on, so it is its time that ends it. */
static void garbage_is_refused_and_does_no_harm(void **state)
{
    (void)state;
    struct scrape *scrape = open_scrape(30);
    uint32_t seed = 1;
    for (int round = 0; round < 100; round++) {
        uint8_t bytes[512];
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1664525 + 1013904223;
            bytes[i] = (uint8_t)(seed >> 24);
        }
        if (round % 2)
            memcpy(bytes, "GET /metrics HTTP/1.1\r\n", 23);
        int fd = dial(scrape);
        send(fd, bytes, sizeof bytes, MSG_NOSIGNAL);
        shutdown(fd, SHUT_WR);
        hear(fd);
    }
    assert_answers_at_last(scrape);
    scrape_close(scrape);
}

static void headers_have_a_limit(void **state)
{
    (void)state;
    static char long_one[SCRAPE_REQUEST_BYTES * 4];
    struct scrape *scrape = open_scrape(0);
    memset(long_one, 'a', sizeof long_one - 1);
    memcpy(long_one, "GET /", 5);
    int fd = dial(scrape);
    send(fd, long_one, sizeof long_one - 1, MSG_NOSIGNAL);
    hear(fd); /* ends, although no request has */
    assert_null(strstr(answer, "200 OK"));
    assert_answer(get(scrape, "/metrics"), "200", "4711");
    scrape_close(scrape);
}

/* One connection more than there may be, each with a byte now and then: silence would not end them. */
static void slow_clients_have_a_deadline(void **state)
{
    (void)state;
    enum { SLOW = SCRAPE_CONNECTIONS + 8, CONNECTION_MS = 300 };
    struct scrape *scrape = open_scrape(CONNECTION_MS);
    int fd[SLOW];
    size_t ended = 0;
    for (size_t i = 0; i < SLOW; i++)
        fd[i] = dial(scrape);
    while (ended < SLOW) {
        ended = 0;
        for (size_t i = 0; i < SLOW; i++)
            ended += send(fd[i], "a", 1, MSG_NOSIGNAL) < 0;
    }
    for (size_t i = 0; i < SLOW; i++)
        close(fd[i]);
    assert_answers_at_last(scrape);
    scrape_close(scrape);
}

static void those_that_are_too_many_are_answered_later(void **state)
{
    (void)state;
    enum { SILENT = SCRAPE_CONNECTIONS };
    struct scrape *scrape = open_scrape(300);
    int fd[SILENT];
    for (size_t i = 0; i < SILENT; i++)
        fd[i] = dial(scrape);
    assert_answers_at_last(scrape);
    for (size_t i = 0; i < SILENT; i++)
        close(fd[i]);
    scrape_close(scrape);
}

struct crowd {
    pthread_t thread;
    const struct scrape *scrape;
    size_t answered;
};

static void *crowd_run(void *arg)
{
    struct crowd *crowd = arg;
    for (int i = 0; i < 250; i++) {
        char heard[512];
        int fd = dial(crowd->scrape);
        static const char request[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
        send(fd, request, sizeof request - 1, MSG_NOSIGNAL);
        ssize_t len = recv(fd, heard, sizeof heard - 1, 0);
        heard[len > 0 ? len : 0] = '\0';
        crowd->answered += strstr(heard, "200 OK") != NULL;
        close(fd);
    }
    return NULL;
}

static void a_thousand_requests_are_answered(void **state)
{
    (void)state;
    struct scrape *scrape = open_scrape(0);
    struct crowd crowd[4];
    for (size_t i = 0; i < 4; i++) {
        crowd[i] = (struct crowd){.scrape = scrape};
        assert_int_equal(pthread_create(&crowd[i].thread, NULL, crowd_run, &crowd[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(crowd[i].thread, NULL);
        assert_int_equal(crowd[i].answered, 250);
    }
    scrape_close(scrape);
}

static void closing_does_not_wait_for_clients(void **state)
{
    (void)state;
    struct scrape *scrape = open_scrape(0);
    int idle = dial(scrape), begun = dial(scrape);
    send(begun, "GET /met", 8, MSG_NOSIGNAL);
    scrape_close(scrape);
    hear(idle);
    hear(begun);
    scrape_close(NULL);
}

static void a_port_in_use_is_explained(void **state)
{
    (void)state;
    static const struct scrape_source source = {give_metrics, give_writable, "user"};
    struct scrape *scrape = open_scrape(0);
    struct error error;
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%d", scrape_port(scrape));
    assert_null(scrape_open(address, &source, 0, &error));
    assert_non_null(strstr(error.message, "another process listens there"));
    scrape_close(scrape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_for_is_given),
        cmocka_unit_test(readiness_says_why_not),
        cmocka_unit_test(everything_else_is_not_there),
        cmocka_unit_test(head_has_no_body_and_other_methods_are_refused),
        cmocka_unit_test(one_request_is_answered_on_a_connection),
        cmocka_unit_test(garbage_is_refused_and_does_no_harm),
        cmocka_unit_test(headers_have_a_limit),
        cmocka_unit_test(slow_clients_have_a_deadline),
        cmocka_unit_test(those_that_are_too_many_are_answered_later),
        cmocka_unit_test(a_thousand_requests_are_answered),
        cmocka_unit_test(closing_does_not_wait_for_clients),
        cmocka_unit_test(a_port_in_use_is_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

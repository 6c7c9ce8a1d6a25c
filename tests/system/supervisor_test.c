/*
 * supervisor_test.c - what a service manager is told: on a socket of ours, which is what systemd's is, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/lib/photond.h"
#include "tests/lib/tempdir.h"

enum { PATIENCE_MS = 60000, STATE_BYTES = 512 };

struct manager {
    char *dir, socket[128]; /* the setting, "NOTIFY_SOCKET=…" */
    int fd;
};

/* name NULL: a socket in a directory; else one in the abstract space. */
static void manager_open(struct manager *m, const char *name)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    m->dir = tempdir_new();
    if (name)
        snprintf(to.sun_path + 1, sizeof to.sun_path - 1, "%s.%d", name, (int)getpid());
    else
        snprintf(to.sun_path, sizeof to.sun_path, "%s/notify", m->dir);
    snprintf(m->socket, sizeof m->socket, "NOTIFY_SOCKET=%s%s", name ? "@" : "",
             to.sun_path + (name ? 1 : 0));
    m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    size_t len = name ? 1 + strlen(to.sun_path + 1) : strlen(to.sun_path) + 1;
    assert_int_equal(bind(m->fd, (struct sockaddr *)&to,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
                     0);
}

static void manager_close(struct manager *m)
{
    close(m->fd);
    tempdir_remove(m->dir);
}

/* The next that is told, but for the watchdog's if there is another. */
static void assert_told(struct manager *m, const char *part)
{
    char state[STATE_BYTES];
    do {
        struct pollfd wait = {.fd = m->fd, .events = POLLIN};
        if (poll(&wait, 1, PATIENCE_MS) != 1)
            fail_msg("nobody says \"%s\"", part);
        ssize_t len = recv(m->fd, state, sizeof state - 1, 0);
        assert_true(len > 0);
        state[len] = '\0';
    } while (strcmp(state, "WATCHDOG=1") == 0 && strcmp(part, "WATCHDOG=1") != 0);
    if (!strstr(state, part))
        fail_msg("\"%s\" was said instead of \"%s\"", state, part);
}

static void assert_tells_its_life(const char *name)
{
    struct manager m;
    manager_open(&m, name);
    const char *const env[] = {m.socket, NULL};
    const struct photond_options options = {.plain = true, .env = env};
    struct photond *p = photond_new(&options);
    assert_true(photond_start(p));
    assert_told(&m, "READY=1");
    photond_signal(p, SIGHUP);
    assert_told(&m, "RELOADING=1\nMONOTONIC_USEC=");
    assert_told(&m, "READY=1");
    assert_int_equal(photond_stop(p), 0);
    assert_told(&m, "STOPPING=1\nEXTEND_TIMEOUT_USEC=15000000");
    photond_free(p);
    manager_close(&m);
}

static void a_manager_is_told_when_it_is_ready_reloads_and_stops(void **state)
{
    (void)state;
    assert_tells_its_life(NULL);
    assert_tells_its_life("photond-test");
}

static void a_watchdog_hears_of_it_as_long_as_its_pollers_run(void **state)
{
    (void)state;
    struct manager m;
    manager_open(&m, NULL);
    const char *const env[] = {m.socket, "WATCHDOG_USEC=20000", NULL};
    const struct photond_options options = {.plain = true, .env = env};
    struct photond *p = photond_new(&options);
    assert_true(photond_start(p));
    assert_told(&m, "READY=1");
    for (int i = 0; i < 5; i++)
        assert_told(&m, "WATCHDOG=1");
    assert_int_equal(photond_stop(p), 0);
    assert_told(&m, "STOPPING=1");
    photond_free(p);
    manager_close(&m);
}

static void a_watchdog_of_another_process_is_left_alone(void **state)
{
    (void)state;
    struct manager m;
    manager_open(&m, NULL);
    const char *const env[] = {m.socket, "WATCHDOG_USEC=2000", "WATCHDOG_PID=1", NULL};
    const struct photond_options options = {.plain = true, .env = env};
    struct photond *p = photond_new(&options);
    assert_true(photond_start(p));
    assert_int_equal(photond_stop(p), 0);
    char said[STATE_BYTES];
    for (ssize_t len; (len = recv(m.fd, said, sizeof said - 1, MSG_DONTWAIT)) > 0;) {
        said[len] = '\0';
        assert_string_not_equal(said, "WATCHDOG=1");
    }
    photond_free(p);
    manager_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manager_is_told_when_it_is_ready_reloads_and_stops),
        cmocka_unit_test(a_watchdog_hears_of_it_as_long_as_its_pollers_run),
        cmocka_unit_test(a_watchdog_of_another_process_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Listeners for one user alone: which calls came by them, and where they are refused.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/lib/tempdir.h"
#include "tests/wire/peer.h"

struct fixture {
    struct cq *cq;
    char *dir, *path;
};

static int up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->cq = cq_open(1);
    f->dir = tempdir_new();
    f->path = tempdir_path(f->dir, "socket");
    *state = f;
    return 0;
}

static int down(void **state)
{
    struct fixture *f = *state;
    cq_close(f->cq);
    tempdir_remove(f->dir);
    free(f->path);
    free(f);
    return 0;
}

static void assert_how(struct fixture *f, const char *target, const char *how)
{
    char reply[256] = "";
    struct channel *channel = peer_connect(f->cq, target, NULL);
    struct error status = peer_call(channel, "/test.Peer/How", "x", reply);
    channel_close(channel);
    if (status.reason)
        fail_msg("%s: %s", target, status.message);
    assert_string_equal(reply, how);
}

static void start(struct fixture *f, struct peer *peer)
{
    struct error error;
    if (!peer_start_private(peer, f->path, &error))
        fail_msg("%s", error.message);
}

static void assert_refused(struct fixture *f, const char *path, const char *why)
{
    struct peer peer;
    struct error error = {0};
    (void)f;
    assert_false(peer_start_private(&peer, path, &error));
    if (!strstr(error.message, why))
        fail_msg("\"%s\" does not say \"%s\"", error.message, why);
}

static void only_calls_that_come_by_a_private_socket_are_private(void **state)
{
    struct fixture *f = *state;
    struct peer peer, other;
    char target[256];
    start(f, &peer);
    snprintf(target, sizeof target, "unix:%s", f->path);
    assert_how(f, target, "private");
    snprintf(target, sizeof target, "127.0.0.1:%d", peer.port);
    assert_how(f, target, "not");
    peer_stop(&peer, false);
    snprintf(target, sizeof target, "unix:%s/other", f->dir);
    peer_start(&other, target, NULL);
    assert_how(f, target, "not");
    peer_stop(&other, false);
}

/* Also where the umask would have it otherwise. */
static void a_private_socket_is_for_its_user_alone(void **state)
{
    struct fixture *f = *state;
    struct peer peer;
    struct stat status;
    mode_t mask = umask(0);
    start(f, &peer);
    assert_int_equal(lstat(f->path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0600);
    peer_stop(&peer, false);
    umask(mask);
}

static void a_directory_that_others_can_change_is_refused(void **state)
{
    struct fixture *f = *state;
    static const mode_t modes[] = {0770, 0702, 01777};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(chmod(f->dir, modes[i]), 0);
        assert_refused(f, f->path, "can be changed by others");
        assert_int_not_equal(access(f->path, F_OK), 0);
    }
    assert_int_equal(chmod(f->dir, 0755), 0);
    struct peer peer;
    start(f, &peer);
    peer_stop(&peer, false);
}

static void a_path_that_cannot_be_is_refused(void **state)
{
    struct fixture *f = *state;
    char path[200], missing[200];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_refused(f, path, "1 to 107 bytes");
    assert_refused(f, "", "1 to 107 bytes");
    snprintf(missing, sizeof missing, "%s/missing/socket", f->dir);
    assert_refused(f, missing, "the directory does not exist");
}

static void what_another_process_listens_on_is_left_to_it(void **state)
{
    struct fixture *f = *state;
    struct peer peer;
    char target[256];
    start(f, &peer);
    assert_refused(f, f->path, "another process does");
    snprintf(target, sizeof target, "unix:%s", f->path);
    assert_how(f, target, "private");
    peer_stop(&peer, false);
}

/* As a process that was killed leaves it. */
static void a_socket_that_was_left_behind_is_replaced(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char target[256];
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(name.sun_path, f->path, strlen(f->path));
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    close(fd);
    struct peer peer;
    start(f, &peer);
    snprintf(target, sizeof target, "unix:%s", f->path);
    assert_how(f, target, "private");
    peer_stop(&peer, false);
}

static void what_is_no_socket_is_not_replaced(void **state)
{
    struct fixture *f = *state;
    tempdir_write(f->path, "somebody's notes");
    assert_refused(f, f->path, "cannot listen");
    char *text = tempdir_read(f->path, NULL);
    assert_string_equal(text, "somebody's notes");
    free(text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_calls_that_come_by_a_private_socket_are_private, up,
                                        down),
        cmocka_unit_test_setup_teardown(a_private_socket_is_for_its_user_alone, up, down),
        cmocka_unit_test_setup_teardown(a_directory_that_others_can_change_is_refused, up, down),
        cmocka_unit_test_setup_teardown(a_path_that_cannot_be_is_refused, up, down),
        cmocka_unit_test_setup_teardown(what_another_process_listens_on_is_left_to_it, up, down),
        cmocka_unit_test_setup_teardown(a_socket_that_was_left_behind_is_replaced, up, down),
        cmocka_unit_test_setup_teardown(what_is_no_socket_is_not_replaced, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

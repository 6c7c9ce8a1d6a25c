/*
 * disk_full_test.c - a disk that fills and is freed, again and again: reading goes on, nothing is acknowledged that is not kept, and
 * writing comes back by itself.
 *
 * The disk is a small tmpfs in a mount namespace of the test's own. Where that cannot be had (no privilege), the same faults are
 * injected by log_faults_test; here the test is skipped, which in CI is a failure.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/emits.h"
#include "tests/lib/tempdir.h"

enum { DISK_MB = 24, EPISODES = 20, EMITS_MAX = 20000, PAYLOAD = 20000, BACK_MS = 20000 };

struct disk {
    char *dir;
    struct inside *in;
    size_t emits; /* tried so far; each has an id of its own */
    size_t acknowledged;
    bool known[EMITS_MAX]; /* acknowledged */
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int setup(void **state)
{
    char size[32];
    struct disk *d = calloc(1, sizeof *d);
    d->dir = tempdir_new();
    snprintf(size, sizeof size, "size=%dm", DISK_MB);
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", d->dir, "tmpfs", 0, size) != 0) {
        print_message("skipped: no file system can be mounted: %s\n", strerror(errno));
        tempdir_remove(d->dir);
        free(d);
        return getenv("CI") ? -1 : 0;
    }
    setenv("TMPDIR", d->dir, 1);
    d->in = inside_start();
    *state = d;
    return 0;
}

static int teardown(void **state)
{
    struct disk *d = *state;
    if (!d)
        return 0;
    inside_stop(d->in);
    umount2(d->dir, MNT_DETACH);
    tempdir_remove(d->dir);
    free(d);
    return 0;
}

static enum reason emit_next(struct disk *d, struct error *error)
{
    char id[32];
    assert_true(d->emits < EMITS_MAX);
    size_t i = d->emits++;
    snprintf(id, sizeof id, "event-%zu", i);
    enum reason reason = emits_send(d->in, emits_request("s", id, PAYLOAD), NULL, error);
    d->known[i] = reason == REASON_NONE;
    d->acknowledged += d->known[i];
    return reason;
}

/* Take all the room there is, but for a little. */
static void disk_fill(struct disk *d)
{
    static const char block[65536];
    char path[4096];
    snprintf(path, sizeof path, "%s/filler", d->dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    while (write(fd, block, sizeof block) > 0) {
    }
    assert_int_equal(errno, ENOSPC);
    close(fd);
}

static void disk_free(struct disk *d)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/filler", d->dir);
    assert_int_equal(unlink(path), 0);
}

static void emit_until_refused(struct disk *d)
{
    struct error error;
    enum reason reason;
    while ((reason = emit_next(d, &error)) == REASON_NONE) {
    }
    assert_true(reason == REASON_STORE_UNAVAILABLE || reason == REASON_STORE_FULL);
    assert_true(error.retryable);
}

static void emit_until_accepted(struct disk *d)
{
    struct error error;
    int64_t give_up = now_ms() + BACK_MS;
    while (emit_next(d, &error) != REASON_NONE) {
        assert_true(error.retryable);
        assert_true(now_ms() < give_up);
        d->emits--; /* refused or unknown: the same event again, with the same id */
    }
}

/* Every acknowledged event is known, and a retry of it stores nothing. */
static void assert_nothing_is_lost(struct disk *d)
{
    struct error error;
    struct emit_response response;
    uint64_t stored = emits_count(d->in, "s");
    assert_true(stored >= d->acknowledged);
    for (size_t i = 0; i < d->emits; i++) {
        char id[32];
        if (!d->known[i])
            continue;
        snprintf(id, sizeof id, "event-%zu", i);
        assert_int_equal(emits_send(d->in, emits_request("s", id, PAYLOAD), &response, &error),
                         REASON_NONE);
        assert_true(response.duplicate);
        free(response.stored);
    }
}

/* semantics 8; hazards 1 */
static void a_disk_that_fills_and_is_freed_loses_nothing(void **state)
{
    struct disk *d = *state;
    if (!d)
        skip();
    struct error error;
    for (int i = 0; i < 10; i++)
        assert_int_equal(emit_next(d, &error), REASON_NONE);
    for (int episode = 0; episode < EPISODES; episode++) {
        disk_fill(d);
        emit_until_refused(d);
        assert_true(emits_count(d->in, "s") >= d->acknowledged); /* reading goes on */
        disk_free(d);
        emit_until_accepted(d);
    }
    assert_nothing_is_lost(d);
    inside_restart(d->in);
    assert_nothing_is_lost(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_disk_that_fills_and_is_freed_loses_nothing, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

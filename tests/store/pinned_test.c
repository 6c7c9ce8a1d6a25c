/*
 * pinned_test.c - what LevelDB replaces when it opens is kept until the directory has been synced.
 */
#include "store/pinned.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "stock.h"
#include "store/place.h"
#include "tests/lib/openlog.h"

static const struct pinned *watched; /* while it is let go */
static unsigned kept; /* files that were removed, and not let go, when the directory was synced */
static int sync_error;
static bool watches_markers;
static unsigned markers_kept; /* syncs while a marker was replaced and open */

enum { FDS = 256 };

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_pinned_let_go(struct pinned *pinned);
int __wrap_pinned_let_go(struct pinned *pinned);

/* How many descriptors of ours are of a marker that was replaced. */
static unsigned markers_open(void)
{
    char link[64], path[4096];
    unsigned found = 0;
    for (int fd = 0; fd < FDS; fd++) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t len = readlink(link, path, sizeof path - 1);
        path[len > 0 ? len : 0] = '\0';
        found += strstr(path, "/PHOTON (deleted)") != NULL;
    }
    return found;
}

int __wrap_fsync(int fd)
{
    struct stat is;
    if (watches_markers)
        markers_kept += markers_open();
    if (!watched || fd != watched->dir_fd)
        return __real_fsync(fd);
    for (size_t i = 0; i < watched->len; i++)
        kept += fstat(watched->fds[i], &is) == 0 && is.st_nlink == 0;
    errno = sync_error;
    return sync_error ? -1 : __real_fsync(fd);
}

int __wrap_pinned_let_go(struct pinned *pinned)
{
    watched = pinned;
    int code = __real_pinned_let_go(pinned);
    watched = NULL;
    return code;
}

static struct stock make(const char *dir)
{
    struct stock stock = stock_begin();
    struct log *log = openlog(dir, &openlog_small);
    assert_int_equal(stock_commit(&stock, log, 100, NULL), REASON_NONE);
    log_close(log);
    return stock;
}

static void the_old_current_manifest_and_log_are_kept_until_the_directory_is_synced(void **state)
{
    make(*state);
    kept = 0;
    struct log *log = openlog(*state, &openlog_small);
    log_close(log);
    assert_int_equal(kept, 3);
}

/* When a store gets a format, its old marker is replaced. */
static void the_old_marker_is_kept_until_the_directory_is_synced(void **state)
{
    struct error error;
    make(*state);
    struct log *log = openlog(*state, &openlog_small);
    markers_kept = 0;
    watches_markers = true;
    assert_int_equal(place_raise(log_place(log), LOG_FORMAT_CUTS, &error), REASON_NONE);
    watches_markers = false;
    log_close(log);
    assert_int_equal(markers_kept, 1);
}

static void when_it_cannot_be_synced_the_store_does_not_open_and_loses_nothing(void **state)
{
    struct error error;
    struct stock stock = make(*state);
    sync_error = EIO;
    assert_int_equal(openlog_fault(*state, &openlog_small, &error), LOG_FAILED);
    assert_int_equal(error.reason, REASON_STORE_UNAVAILABLE);
    sync_error = 0;
    struct log *log = openlog(*state, &openlog_small);
    assert_int_equal(stock_check(log, stock.events), stock.events);
    log_close(log);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, openlog_setup, openlog_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_old_current_manifest_and_log_are_kept_until_the_directory_is_synced),
        TEST(the_old_marker_is_kept_until_the_directory_is_synced),
        TEST(when_it_cannot_be_synced_the_store_does_not_open_and_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

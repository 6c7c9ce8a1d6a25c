/* writeback_test.c - tables of LevelDB are handed to the disk while they are written, and nothing else is. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/writeback.h"
#include "tests/lib/tempdir.h"

enum { PIECE = WRITEBACK_PIECE_BYTES };

/* What was handed over, in order and without gaps. */
struct disk {
    pthread_mutex_t lock;
    pthread_cond_t more;
    ino_t file;
    off_t handed; /* of that one */
    int files;
};

struct follower {
    char *dir;
    struct disk disk;
    struct writeback *writeback;
};

static void take(void *user, int fd, off_t offset, off_t bytes)
{
    struct disk *disk = user;
    struct stat is;
    fstat(fd, &is);
    pthread_mutex_lock(&disk->lock);
    if (is.st_ino != disk->file) {
        disk->file = is.st_ino;
        disk->handed = 0;
        disk->files++;
    }
    if (offset == disk->handed && bytes >= PIECE)
        disk->handed += bytes;
    pthread_cond_signal(&disk->more);
    pthread_mutex_unlock(&disk->lock);
}

static int setup(void **state)
{
    struct follower *f = calloc(1, sizeof *f);
    f->dir = tempdir_new();
    pthread_mutex_init(&f->disk.lock, NULL);
    pthread_cond_init(&f->disk.more, NULL);
    f->writeback = writeback_open(f->dir, take, &f->disk);
    assert_non_null(f->writeback);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct follower *f = *state;
    writeback_close(f->writeback);
    tempdir_remove(f->dir);
    pthread_mutex_destroy(&f->disk.lock);
    pthread_cond_destroy(&f->disk.more);
    free(f);
    return 0;
}

static int begin_file(struct follower *f, const char *name)
{
    char *path = tempdir_path(f->dir, name);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    free(path);
    assert_true(fd >= 0);
    return fd;
}

static void write_piece(int fd)
{
    static const char piece[PIECE];
    assert_int_equal(write(fd, piece, sizeof piece), sizeof piece);
}

/* Waits for ever if it does not come: then the test's time runs out. */
static void expect_handed(struct follower *f, int fd, off_t bytes)
{
    struct stat is;
    assert_int_equal(fstat(fd, &is), 0);
    pthread_mutex_lock(&f->disk.lock);
    while (f->disk.file != is.st_ino || f->disk.handed < bytes)
        pthread_cond_wait(&f->disk.more, &f->disk.lock);
    assert_int_equal(f->disk.handed, bytes);
    pthread_mutex_unlock(&f->disk.lock);
}

static void a_table_is_handed_over_piece_by_piece(void **state)
{
    struct follower *f = *state;
    int table = begin_file(f, "000005.ldb");
    for (int i = 1; i <= 20; i++) {
        write_piece(table);
        expect_handed(f, table, (off_t)i * PIECE);
    }
    close(table);
}

static void the_next_table_is_followed_then(void **state)
{
    struct follower *f = *state;
    int first = begin_file(f, "000005.ldb");
    write_piece(first);
    expect_handed(f, first, PIECE);
    int second = begin_file(f, "000007.ldb"); /* the first one is not done */
    write_piece(second);
    expect_handed(f, second, PIECE);
    close(second);
    int third = begin_file(f, "000009.ldb");
    write_piece(third);
    expect_handed(f, third, PIECE);
    close(third);
    close(first);
}

/* Nothing but the table is handed over, which is the last to be written. */
static void the_log_is_left_to_its_own_syncs(void **state)
{
    struct follower *f = *state;
    int log = begin_file(f, "000006.log"), manifest = begin_file(f, "MANIFEST-000002");
    write_piece(log);
    write_piece(manifest);
    int table = begin_file(f, "000007.ldb");
    write_piece(table);
    expect_handed(f, table, PIECE);
    write_piece(log);
    write_piece(table);
    expect_handed(f, table, 2 * PIECE);
    assert_int_equal(f->disk.files, 1);
    close(log);
    close(manifest);
    close(table);
}

/* Descriptors of this process that name the file. */
static int holders(const char *path)
{
    int holders = 0;
    for (int fd = 0; fd < 64; fd++) {
        char link[32], to[4096];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t len = readlink(link, to, sizeof to - 1);
        if (len > 0) {
            to[len] = '\0';
            holders += strncmp(to, path, strlen(path)) == 0;
        }
    }
    return holders;
}

static void a_table_that_is_done_is_not_held(void **state)
{
    struct follower *f = *state;
    char *path = tempdir_path(f->dir, "000005.ldb");
    int table = begin_file(f, "000005.ldb");
    write_piece(table);
    expect_handed(f, table, PIECE);
    assert_int_equal(holders(path), 2);
    close(table);
    while (holders(path) > 0) /* for ever, if it is held */
        sched_yield();
    free(path);
}

static void a_directory_that_is_not_there_is_not_followed(void **state)
{
    struct follower *f = *state;
    char *path = tempdir_path(f->dir, "missing");
    assert_null(writeback_open(path, NULL, NULL));
    free(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_table_is_handed_over_piece_by_piece),
        TEST(the_next_table_is_followed_then),
        TEST(the_log_is_left_to_its_own_syncs),
        TEST(a_table_that_is_done_is_not_held),
        TEST(a_directory_that_is_not_there_is_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

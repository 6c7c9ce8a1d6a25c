/*
 * space_test.c - what was deleted gives back its space on the disk by itself, while others write, and after a restart, too.
 */
#include "store/space.h"

#include <dirent.h>
#include <sys/stat.h>

#include "committer.h"
#include "store/log_compact.h"
#include "tests/lib/tempdir.h"

enum { MIB = 1 << 20, EVENTS = 1500, KEPT_EVERY = 10, PAYLOAD = 10000 };

static const struct log_options small = {
    .write_buffer_bytes = MIB, .file_bytes = MIB, .ballast_bytes = 4096};
static const struct log_options large = {.ballast_bytes = 4096};

/* As after a restart. */
static void start(struct fixture *f, const struct log_options *options)
{
    struct commit_options commit = committer_options(f);
    enum log_fault fault;
    struct error error;
    commit_close(f->store.commit);
    log_close(f->store.log);
    f->store.log = log_open(f->dir, options, &fault, &error);
    if (!f->store.log)
        fail_msg("%s", error.message);
    f->store.commit = commit_open(&f->store, &commit, &error);
    assert_non_null(f->store.commit);
}

static uint64_t disk_bytes(struct fixture *f)
{
    char *data = tempdir_path(f->dir, "data");
    DIR *dir = opendir(data);
    uint64_t bytes = 0;
    struct stat file;
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (fstatat(dirfd(dir), entry->d_name, &file, 0) == 0 && S_ISREG(file.st_mode))
            bytes += (uint64_t)file.st_size;
    closedir(dir);
    free(data);
    return bytes;
}

static void submit(struct writer *w, struct submission *sub)
{
    struct error error;
    sub->lane = &w->lane;
    assert_int_equal(commit_submit(w->f->store.commit, sub, &error), REASON_NONE);
}

/* Events of "gone", and here and there one that is kept. */
static void fill(struct fixture *f)
{
    struct writer *w = writer_new(f);
    for (int i = 0; i < EVENTS; i++) {
        char id[32];
        snprintf(id, sizeof id, "event %d", i);
        submit(w, writer_make(w, i % KEPT_EVERY ? "gone" : "kept", id, PAYLOAD));
    }
    writer_wait(w);
    writer_free(w);
}

static void delete_gone(struct fixture *f)
{
    struct writer *w = writer_new(f);
    submit(w, writer_make_deletion(w, EXPECT_NONE));
    writer_wait(w);
    assert_null(w->subs[0].error);
    writer_free(w);
}

/* How many events were stored one by one until there were no more bytes on the disk. */
static size_t write_until_disk_is(struct fixture *f, uint64_t bytes)
{
    struct writer *w = writer_new(f);
    while (disk_bytes(f) > bytes) {
        char id[32];
        snprintf(id, sizeof id, "meanwhile %zu", w->len);
        if (w->len < WRITER_MAX)
            submit(w, writer_make(w, "kept", id, 10));
        writer_wait(w);
    }
    size_t stored = w->len;
    for (size_t i = 0; i < stored; i++)
        assert_null(w->subs[i].error);
    writer_free(w);
    return stored;
}

static bool something_is_owed(struct fixture *f)
{
    struct key key = key_meta("freed");
    struct bytes *value;
    struct error error;
    assert_int_equal(log_get(f->store.log, key_span(&key), &value, &error), REASON_NONE);
    bytes_unref(value);
    return value != NULL;
}

/* semantics 5 */
static void the_disk_gets_back_what_was_deleted_while_others_write(void **state)
{
    struct fixture *f = *state;
    start(f, &small);
    fill(f);
    uint64_t before = disk_bytes(f);
    assert_true(before > (uint64_t)EVENTS * PAYLOAD);
    delete_gone(f);
    assert_true(write_until_disk_is(f, before / 3) > 0);
}

static bool anything_is_left_to_erase(struct fixture *f)
{
    struct key from = key_erase(0);
    uint64_t order_id;
    struct log_iter *iter = log_iter_open(f->store.log, LOG_READ);
    log_iter_seek(iter, key_span(&from));
    bool any = log_iter_valid(iter) && key_erase_read(log_iter_key(iter), &order_id);
    log_iter_close(iter);
    return any;
}

/* semantics 5 */
static void what_a_restart_came_between_is_given_back_after_it(void **state)
{
    struct fixture *f = *state;
    start(f, &large); /* it is not worth it */
    fill(f);
    delete_gone(f);
    while (anything_is_left_to_erase(f))
        sched_yield();
    assert_true(something_is_owed(f));
    uint64_t before = disk_bytes(f);
    start(f, &small);
    write_until_disk_is(f, before / 3);
    while (something_is_owed(f))
        sched_yield();
}

/* ---- when it is worth it ---- */

struct heard {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned ended;
};

static void ended(void *user)
{
    struct heard *heard = user;
    pthread_mutex_lock(&heard->lock);
    heard->ended++;
    pthread_cond_signal(&heard->changed);
    pthread_mutex_unlock(&heard->lock);
}

/* Begin, wait until the thread has ended, and take note of it. */
static void try_once(struct space *space, struct heard *heard)
{
    struct error error;
    unsigned before = heard->ended;
    assert_int_equal(space_due_ms(space), 0);
    assert_int_equal(space_step(space, 1, &error), REASON_NONE);
    pthread_mutex_lock(&heard->lock);
    while (heard->ended == before)
        pthread_cond_wait(&heard->changed, &heard->lock);
    pthread_mutex_unlock(&heard->lock);
    assert_int_equal(space_due_ms(space), 0);
    assert_int_equal(space_step(space, 1, &error), REASON_NONE);
}

static struct freed freed_of(uint64_t bytes)
{
    struct freed freed = {0};
    struct key first = key_record(0), last = key_record(UINT64_MAX);
    freed_add(&freed, FREED_RECORDS, key_span(&first), bytes);
    freed_add(&freed, FREED_RECORDS, key_span(&last), 0);
    return freed;
}

static void little_among_much_waits_until_it_is_more(void **state)
{
    struct fixture *f = *state;
    struct heard heard = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    const struct space_options options = {ended, &heard};
    start(f, &small);
    fill(f);
    struct log *log = f->store.log;
    commit_close(f->store.commit);
    struct space *space = space_open(log, &options);
    const struct freed less = freed_of(MIB - 1), one = freed_of(1), much = freed_of(3 * MIB);
    space_add(space, &less);
    assert_int_equal(space_due_ms(space), INT64_MAX); /* not worth a look */
    space_add(space, &one);
    try_once(space, &heard); /* a look: it is one part in fourteen */
    assert_int_equal(space_due_ms(space), INT64_MAX);
    space_add(space, &less);
    assert_int_equal(space_due_ms(space), INT64_MAX);
    space_add(space, &much);
    uint64_t done = heard.ended;
    try_once(space, &heard); /* that is all of it */
    assert_int_equal(heard.ended, done + 1);
    assert_int_equal(space_due_ms(space), INT64_MAX);
    space_add(space, &less); /* counted from nothing again */
    assert_int_equal(space_due_ms(space), INT64_MAX);
    space_close(space);
    struct commit_options commit = committer_options(f);
    struct error error;
    f->store.commit = commit_open(&f->store, &commit, &error);
    assert_non_null(f->store.commit);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_disk_gets_back_what_was_deleted_while_others_write,
                                        committer_setup, committer_teardown),
        cmocka_unit_test_setup_teardown(what_a_restart_came_between_is_given_back_after_it,
                                        committer_setup, committer_teardown),
        cmocka_unit_test_setup_teardown(little_among_much_waits_until_it_is_more, committer_setup,
                                        committer_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

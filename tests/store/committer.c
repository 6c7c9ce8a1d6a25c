/*
 * committer.c - see committer.h.
 */
#include "committer.h"

#include "store/fanout.h"
#include "store/gone.h"
#include "tests/lib/tempdir.h"

static void writable_changed(void *user, bool writable)
{
    struct fixture *f = user;
    pthread_mutex_lock(&f->lock);
    f->down = !writable;
    f->downs += f->down;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

struct commit_options committer_options(struct fixture *f)
{
    return (struct commit_options){.queue_bytes = 100000,
                                   .heads_bytes = 1 << 20,
                                   .recent_ids = 10000,
                                   .writable_changed = writable_changed,
                                   .user = f};
}

int committer_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    enum log_fault fault;
    struct error error;
    struct log_options options = {.create = true, .ballast_bytes = 4096};
    f->dir = tempdir_new();
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    f->store.cq = cq_open(2);
    f->store.log = log_open(f->dir, &options, &fault, &error);
    f->store.tail = tail_new(1 << 20);
    f->store.gone = gone_new();
    f->store.fanout = fanout_new();
    struct commit_options commit = committer_options(f);
    f->store.commit = commit_open(&f->store, &commit, &error);
    assert_non_null(f->store.commit);
    *state = f;
    return 0;
}

int committer_teardown(void **state)
{
    struct fixture *f = *state;
    commit_close(f->store.commit);
    cq_close(f->store.cq);
    fanout_free(f->store.fanout);
    gone_free(f->store.gone);
    tail_free(f->store.tail);
    log_close(f->store.log);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->changed);
    tempdir_remove(f->dir);
    free(f);
    return 0;
}

/* ---- a writer ---- */

static void writer_done(struct submission *sub, bool same_owner_next)
{
    (void)same_owner_next;
    struct writer *w = sub->owner;
    pthread_mutex_lock(&w->f->lock);
    w->order[w->done++] = sub;
    pthread_cond_broadcast(&w->f->changed);
    pthread_mutex_unlock(&w->f->lock);
}

struct submission *writer_make(struct writer *w, const char *stream, const char *id, size_t payload)
{
    static const uint8_t zero[1 << 16];
    struct emit_request request = {.events = calloc(1, sizeof(struct event)), .events_len = 1};
    struct event event = {.stream_name = text_span(stream),
                          .event_type = text_span("T"),
                          .event_id = text_span(id),
                          .payload = {zero, payload}};
    struct bytes *raw = bytes_new(event_size(&event));
    event_put(raw->data, &event);
    assert_true(event_read(bytes_span(raw), &request.events[0]));
    struct submission *sub = &w->subs[w->len];
    assert_true(submission_init_emit(sub, &request));
    sub->owner = w;
    sub->done = writer_done;
    w->raw[w->len++] = raw;
    return sub;
}

void writer_wait(struct writer *w)
{
    pthread_mutex_lock(&w->f->lock);
    while (w->done < w->len)
        pthread_cond_wait(&w->f->changed, &w->f->lock);
    pthread_mutex_unlock(&w->f->lock);
}

void writer_free(struct writer *w)
{
    for (size_t i = 0; i < w->len; i++) {
        submission_fini(&w->subs[i]);
        bytes_unref(w->raw[i]);
    }
    free(w);
}

struct writer *writer_new(struct fixture *f)
{
    struct writer *w = calloc(1, sizeof *w);
    w->f = f;
    return w;
}

void committer_wait_until_down(struct fixture *f)
{
    pthread_mutex_lock(&f->lock);
    while (f->downs == 0)
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

void committer_wait_until_writable(struct fixture *f)
{
    pthread_mutex_lock(&f->lock);
    while (f->down)
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

/*
 * import.c - see import.h.
 *
 * First the committer is asked how far an import has got, and the answer is sent: whoever goes on with one skips that much. Then each
 * message is a submission, and its answer is how far it has got now. Answers that the client does not take are passed over: the
 * next one says more. So flow control holds back whoever sends too much, and nothing here grows.
 *
 * The call ends with the first failure, which photond's own end counts as, or once what ends the import is stored. It waits for what is submitted in any case, since
 * submissions point into it.
 */
#include "store/import.h"

#include <pthread.h>
#include <stdlib.h>

#include "store/admin.h"
#include "store/commit.h"

enum { PENDING_MAX = 4 };

static const char going_down[] = "the server is going down: connect again and go on";

struct import_call {
    struct serve_call *call;
    struct admin *admin;
    struct import_call *next, **back; /* under the admin's lock */
    pthread_mutex_t lock;
    struct lane lane;
    size_t pending; /* with the committer */
    bool reading, sending, ended, over, finished;
    bool news; /* what has not been told */
    struct imported imported;
    struct error *failed; /* why the call ends */
    struct error failure; /* what failed points to, if it is set */
};

struct import_part {
    struct submission submission;
    struct bytes *message; /* NULL: only asks */
};

/* ---- the state of a call; all of these under its lock ---- */

static void import_fail(struct import_call *c, const struct error *error)
{
    if (c->failed)
        return;
    c->failure = *error;
    c->failed = &c->failure;
}

static void import_no_memory(struct import_call *c)
{
    struct error error;
    error_set(&error, REASON_BUSY, "the store is out of memory: go on with the import later");
    import_fail(c, &error);
}

static void import_tell(struct import_call *c)
{
    if (!c->news || c->sending || c->failed)
        return;
    struct bytes *message = import_response_encode(&c->imported.at, c->imported.finished);
    if (!message) {
        import_no_memory(c);
        return;
    }
    c->news = false;
    c->sending = true;
    serve_send(c->call, &message, 1, false);
    bytes_unref(message);
}

/* Do what can be done next: send, read, end. */
static void import_go_on(struct import_call *c)
{
    if (c->finished)
        return;
    import_tell(c);
    bool ends = c->ended || c->over || c->failed;
    if (!ends && !c->reading && c->pending < PENDING_MAX) {
        c->reading = true;
        serve_read(c->call);
    }
    if (ends && c->pending == 0 && !c->sending) {
        c->finished = true;
        serve_finish(c->call, c->failed);
    }
}

/* ---- a message ---- */

static void part_free(struct import_part *part)
{
    submission_fini(&part->submission);
    bytes_unref(part->message);
    free(part);
}

static void part_done(struct submission *submission, bool same_owner_next)
{
    struct import_call *c = submission->owner;
    (void)same_owner_next;
    pthread_mutex_lock(&c->lock);
    c->pending--;
    if (submission->error) {
        import_fail(c, submission->error);
    } else {
        c->imported = submission->imported;
        c->news = true;
        c->over = submission->import_end.has_end;
    }
    part_free((struct import_part *)submission);
    import_go_on(c);
    pthread_mutex_unlock(&c->lock);
}

static void import_submit(struct import_call *c, struct bytes *message)
{
    struct import_request request = {0};
    struct error error;
    uint64_t event_bytes = c->admin->store->limits.event_bytes;
    if (message && import_request_decode(bytes_span(message), event_bytes, &request, &error)) {
        import_fail(c, &error);
        return;
    }
    struct import_part *part = calloc(1, sizeof *part);
    if (!part) {
        import_no_memory(c);
        return;
    }
    struct span raw = message ? bytes_span(message) : (struct span){NULL, 0};
    submission_init_import(&part->submission, raw, &request);
    part->message = message ? bytes_ref(message) : NULL;
    part->submission.lane = &c->lane;
    part->submission.owner = c;
    part->submission.done = part_done;
    /* Counted first: the committer may hand it back before commit_submit has returned. */
    c->pending++;
    if (commit_submit(c->admin->store->commit, &part->submission, &error) == REASON_NONE)
        return;
    c->pending--;
    part_free(part);
    import_fail(c, &error);
}

/* ---- the call ---- */

/* Into the admin's list, unless photond is going down. */
static enum reason import_join(struct import_call *c, struct admin *admin, struct error *error)
{
    enum reason reason = REASON_NONE;
    c->admin = admin;
    pthread_mutex_lock(&admin->lock);
    if (admin->stopping) {
        reason = error_set(error, REASON_SHUTTING_DOWN, "%s", going_down);
    } else {
        c->next = admin->imports;
        c->back = &admin->imports;
        if (c->next)
            c->next->back = &c->next;
        admin->imports = c;
    }
    pthread_mutex_unlock(&admin->lock);
    return reason;
}

static void import_leave(struct import_call *c)
{
    pthread_mutex_lock(&c->admin->lock);
    *c->back = c->next;
    if (c->next)
        c->next->back = c->back;
    pthread_mutex_unlock(&c->admin->lock);
}

static struct import_call *import_new(struct serve_call *call, struct admin *admin,
                                      struct error *error)
{
    struct import_call *c = calloc(1, sizeof *c);
    if (!c) {
        error_set(error, REASON_BUSY, "no memory for another call: try again later");
        return NULL;
    }
    c->call = call;
    pthread_mutex_init(&c->lock, NULL);
    if (import_join(c, admin, error) == REASON_NONE)
        return c;
    pthread_mutex_destroy(&c->lock);
    free(c);
    return NULL;
}

static void import_begin(struct serve_call *call, void *service, struct bytes *message)
{
    (void)message;
    struct error error;
    struct import_call *c = import_new(call, service, &error);
    serve_call_set(call, c);
    if (!c) {
        serve_finish(call, &error);
        return;
    }
    pthread_mutex_lock(&c->lock);
    import_submit(c, NULL);
    import_go_on(c);
    pthread_mutex_unlock(&c->lock);
}

static void import_message(struct serve_call *call, struct bytes *message)
{
    struct import_call *c = serve_call_get(call);
    pthread_mutex_lock(&c->lock);
    c->reading = false;
    if (!message)
        c->ended = true;
    else if (!c->failed && !c->over)
        import_submit(c, message);
    import_go_on(c);
    pthread_mutex_unlock(&c->lock);
}

static void import_sent(struct serve_call *call, bool ok)
{
    (void)ok; /* broken: lost follows */
    struct import_call *c = serve_call_get(call);
    pthread_mutex_lock(&c->lock);
    c->sending = false;
    import_go_on(c);
    pthread_mutex_unlock(&c->lock);
}

static void import_end(struct import_call *c, enum reason reason, const char *why)
{
    struct error error;
    error_set(&error, reason, "%s", why);
    pthread_mutex_lock(&c->lock);
    if (!c->over) /* it ends by itself */
        import_fail(c, &error);
    import_go_on(c);
    pthread_mutex_unlock(&c->lock);
}

static void import_lost(struct serve_call *call)
{
    struct import_call *c = serve_call_get(call);
    if (c)
        import_end(c, REASON_CALLER_GONE, "the client has gone");
}

void import_stop(struct import_call *first)
{
    for (struct import_call *c = first; c; c = c->next)
        import_end(c, REASON_SHUTTING_DOWN, going_down);
}

static void import_gone(struct serve_call *call)
{
    struct import_call *c = serve_call_get(call);
    if (!c)
        return;
    import_leave(c);
    /* Whoever finished the call may still be on the way out of the lock. */
    pthread_mutex_lock(&c->lock);
    pthread_mutex_unlock(&c->lock);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

const struct serve_method import_method = {.path = "/muon.v1.AdminService/Import",
                                           .takes_stream = true,
                                           .gives_stream = true,
                                           .begin = import_begin,
                                           .message = import_message,
                                           .sent = import_sent,
                                           .lost = import_lost,
                                           .gone = import_gone};

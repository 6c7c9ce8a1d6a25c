/*
 * subscribers.c - a list; the last one takes the place of one that leaves.
 */
#include "cli/subscribers.h"

#include <string.h>
#include <time.h>

#include "cli/body.h"
#include "cli/say.h"

enum { STATUS_END = 200, STATUS_FAILED = 500, STATUS_LET_GO = 503 };

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void forget(struct subscribers *s, size_t i)
{
    s->list[i] = s->list[--s->count];
    s->served++;
}

/* End its stream: 200, or an error with a reason. */
static void end(struct subscribers *s, size_t i, int32_t status, const char *why)
{
    muon_call_reply(s->list[i].call, status, "text/plain", why, strlen(why), NULL);
    forget(s, i);
}

static void leave(struct subscribers *s, size_t i)
{
    muon_call_free(s->list[i].call);
    forget(s, i);
    say_note(s->args, "a subscriber has left: %zu now", s->count);
}

void subscribers_add(struct subscribers *s, muon_call *call, uint64_t from)
{
    if (s->count == SUBSCRIBERS_MAX) { /* the server would not have let it through */
        muon_call_free(call);
        return;
    }
    s->list[s->count++] = (struct subscriber){.call = call, .at = from};
    say_note(s->args, "a subscriber has joined: %zu now", s->count);
}

void subscribers_wake(struct subscribers *s, int64_t number, bool gone)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->list[i].call->number != number)
            continue;
        s->list[i].behind = false;
        if (gone)
            leave(s, i);
        return;
    }
}

static const char *type_of(const struct subscribers *s, const struct shelf_line *line)
{
    if (s->args->types_len)
        return s->args->types[0];
    return body_is_json(line->text, line->len) ? NULL : "text/plain";
}

/* False: it has gone. */
static bool feed(struct subscribers *s, struct subscriber *to)
{
    int32_t status = MUON_OK;
    while (status == MUON_OK && !to->behind && to->at < s->shelf->next) {
        const struct shelf_line *line = shelf_at(s->shelf, to->at);
        status = muon_call_send(to->call, type_of(s, line), line->text, line->len, NULL);
        to->behind = status == MUON_EAGAIN;
        if (status == MUON_ETOOBIG)
            s->too_large = to->at + 1;
        if (to->behind && to->since == 0)
            to->since = now_ms();
        if (status != MUON_OK)
            break;
        to->at++;
        to->since = 0;
    }
    return status == MUON_OK || status == MUON_EAGAIN || status == MUON_ETOOBIG;
}

void subscribers_feed(struct subscribers *s, bool ending)
{
    for (size_t i = s->count; i > 0; i--) {
        struct subscriber *to = &s->list[i - 1];
        if (!feed(s, to))
            leave(s, i - 1);
        else if (ending && to->at == s->shelf->next)
            end(s, i - 1, STATUS_END, "");
    }
}

int subscribers_let_go(struct subscribers *s, int64_t patience_ms)
{
    int64_t now = now_ms(), next = -1;
    for (size_t i = s->count; i > 0; i--) {
        const struct subscriber *one = &s->list[i - 1];
        int64_t left = one->since + patience_ms - now;
        if (!one->behind)
            continue;
        if (left <= 0) {
            end(s, i - 1, STATUS_LET_GO,
                "the publisher has let this subscriber go: it was behind, and took nothing");
            say_note(s->args, "a subscriber was let go, it took nothing for %lld ms: %zu now",
                     (long long)patience_ms, s->count);
        } else if (next < 0 || left < next) {
            next = left;
        }
    }
    return (int)next;
}

uint64_t subscribers_need(const struct subscribers *s)
{
    uint64_t need = s->shelf->next;
    for (size_t i = 0; i < s->count; i++)
        if (s->list[i].at < need)
            need = s->list[i].at;
    return need;
}

void subscribers_fail(struct subscribers *s, const char *why)
{
    while (s->count > 0)
        end(s, s->count - 1, STATUS_FAILED, why);
}

/*
 * outbox.c - see outbox.h.
 *
 * A frame is its head and, by reference, its body. Lanes that have something waiting form a ring; taking goes around it. Only taking
 * allocates for what is put together, and when there is no memory for that, the parts travel as they are.
 */
#include "wire/outbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    FRAME_BYTES = 100,        /* what keeping one costs, about */
    SHORT_BYTES = 512,        /* a part up to here is copied rather than referenced */
    TOGETHER_BYTES = 8 * 1024 /* so much is put together at a time */
};

struct outbox_frame {
    struct outbox_frame *next;
    struct bytes *head, *body;
};

static size_t frame_bytes(const struct outbox_frame *frame)
{
    return FRAME_BYTES + frame->head->len + (frame->body ? frame->body->len : 0);
}

static void frame_free(struct outbox_frame *frame)
{
    bytes_unref(frame->head);
    bytes_unref(frame->body);
    free(frame);
}

/* ---- the ring of lanes ---- */

/* As the last whose turn it is. */
static void ring_add(struct outbox *outbox, struct outbox_lane *lane)
{
    if (!outbox->turn) {
        outbox->turn = lane->next = lane->prev = lane;
        return;
    }
    lane->next = outbox->turn;
    lane->prev = outbox->turn->prev;
    lane->prev->next = lane->next->prev = lane;
}

static void ring_remove(struct outbox *outbox, struct outbox_lane *lane)
{
    if (outbox->turn == lane)
        outbox->turn = lane->next == lane ? NULL : lane->next;
    lane->next->prev = lane->prev;
    lane->prev->next = lane->next;
    lane->next = lane->prev = NULL;
}

/* ---- in ---- */

static void append(struct outbox_frame **first, struct outbox_frame **last,
                   struct outbox_frame *frame)
{
    if (*first)
        (*last)->next = frame;
    else
        *first = frame;
    *last = frame;
}

bool outbox_put(struct outbox *outbox, struct outbox_lane *lane, const struct frame *frame,
                struct bytes *body)
{
    struct outbox_frame *f = calloc(1, sizeof *f);
    if (f)
        f->head = frame_head(frame);
    if (!f || !f->head) {
        free(f);
        return false;
    }
    f->body = body ? bytes_ref(body) : NULL;
    outbox->bytes += frame_bytes(f);
    if (!lane) {
        append(&outbox->urgent_first, &outbox->urgent_last, f);
        return true;
    }
    if (!lane->first)
        ring_add(outbox, lane);
    append(&lane->first, &lane->last, f);
    return true;
}

bool outbox_drop(struct outbox *outbox, struct outbox_lane *lane)
{
    struct outbox_frame *f = lane->first;
    if (!f)
        return false;
    ring_remove(outbox, lane);
    lane->first = lane->last = NULL;
    while (f) {
        struct outbox_frame *next = f->next;
        outbox->bytes -= frame_bytes(f);
        frame_free(f);
        f = next;
    }
    return true;
}

/* ---- out ---- */

static struct outbox_frame *pop_urgent(struct outbox *outbox)
{
    struct outbox_frame *f = outbox->urgent_first;
    outbox->urgent_first = f->next;
    return f;
}

static struct outbox_frame *pop_turn(struct outbox *outbox)
{
    struct outbox_lane *lane = outbox->turn;
    struct outbox_frame *f = lane->first;
    lane->first = f->next;
    lane->taken++;
    outbox->turn = lane->next;
    if (lane->first)
        return f;
    ring_remove(outbox, lane);
    if (lane->drained)
        lane->drained(lane);
    return f;
}

static struct outbox_frame *pop(struct outbox *outbox)
{
    if (!outbox->urgent_first && !outbox->turn)
        return NULL;
    struct outbox_frame *f = outbox->urgent_first ? pop_urgent(outbox) : pop_turn(outbox);
    outbox->bytes -= frame_bytes(f);
    return f;
}

/* A message in the making. */
struct message {
    struct bytes **parts;
    size_t len, bytes;
    struct bytes *together; /* the last part, if more can be put to it: */
    size_t room;            /* so much more */
};

static void message_add(struct message *message, struct bytes *part, size_t follow)
{
    message->bytes += part->len;
    if (part->len <= SHORT_BYTES && message->room < part->len && follow) {
        size_t size = part->len + follow < TOGETHER_BYTES ? part->len + follow : TOGETHER_BYTES;
        message->together = bytes_new(size);
        message->room = message->together ? size : 0;
        if (message->together) {
            message->together->len = 0;
            message->parts[message->len++] = message->together;
        }
    }
    if (part->len <= SHORT_BYTES && message->room >= part->len) {
        memcpy(message->together->data + message->together->len, part->data, part->len);
        message->together->len += part->len;
        message->room -= part->len;
        return;
    }
    message->parts[message->len++] = bytes_ref(part);
    message->room = 0;
}

size_t outbox_take(struct outbox *outbox, struct bytes **parts, size_t parts_max, size_t bytes_max)
{
    struct message message = {.parts = parts};
    struct outbox_frame *f;
    assert(parts_max >= 2);
    while (message.len + 2 <= parts_max && message.bytes < bytes_max && (f = pop(outbox))) {
        size_t body = f->body ? f->body->len : 0;
        message_add(&message, f->head, body + outbox->bytes);
        if (body)
            message_add(&message, f->body, outbox->bytes);
        frame_free(f);
    }
    return message.len;
}

void outbox_clear(struct outbox *outbox)
{
    struct outbox_frame *f;
    while ((f = pop(outbox)))
        frame_free(f);
}

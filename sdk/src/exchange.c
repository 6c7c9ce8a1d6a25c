/*
 * exchange.c - pieces out under the other side's credit, pieces in under ours.
 *
 * A body is never copied on its way out: its pieces are slices. What waits to leave is bounded by EXCHANGE_WINDOW however much
 * credit there is, so that a slow network holds slices and not queues.
 */
#include "sdk/src/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "sdk/src/session.h"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- out ---- */

void exchange_put_body(struct exchange *exchange, struct frame *frame, struct span *part,
                       uint64_t *part_bytes, struct bytes *body)
{
    struct session *session = exchange->session;
    size_t len = body ? body->len : 0, first = least(len, session->frame_bytes);
    struct bytes *piece = NULL;
    if (first > 0)
        piece = bytes_slice(body, (struct span){body->data, first});
    if (first > 0 && !piece) {
        session_break(session, "out of memory for a frame");
        return;
    }
    *part = piece ? bytes_span(piece) : (struct span){NULL, 0};
    *part_bytes = first < len ? len : 0;
    frame->exchange = exchange->number;
    session_put(session, exchange, frame, piece);
    bytes_unref(piece);
    exchange->waiting += first;
    if (frame->kind == FRAME_ITEM) { /* the others are free */
        exchange->items--;
        exchange->bytes -= (int64_t)first;
    }
    if (first < len) {
        exchange->rest = bytes_ref(body);
        exchange->rest_at = first;
    }
    exchange_send_on(exchange);
}

static bool put_chunk(struct exchange *exchange)
{
    struct bytes *rest = exchange->rest;
    size_t size = least(rest->len - exchange->rest_at, exchange->session->frame_bytes);
    struct bytes *piece = bytes_slice(rest, (struct span){rest->data + exchange->rest_at, size});
    if (!piece) {
        session_break(exchange->session, "out of memory for a frame");
        return false;
    }
    const struct frame frame = {
        .exchange = exchange->number, .kind = FRAME_CHUNK, .chunk = bytes_span(piece)};
    session_put(exchange->session, exchange, &frame, piece);
    bytes_unref(piece);
    exchange->bytes -= (int64_t)size;
    exchange->waiting += size;
    exchange->rest_at += size;
    return true;
}

static int64_t sum(int64_t have, uint64_t more)
{
    const int64_t most = INT64_MAX / 4; /* nobody needs more */
    int64_t both = have + (more < (uint64_t)most ? (int64_t)more : most);
    return both < most ? both : most;
}

void exchange_credit(struct exchange *exchange, uint32_t items, uint64_t bytes)
{
    exchange->items = sum(exchange->items, items);
    exchange->bytes = sum(exchange->bytes, bytes);
}

void exchange_send_on(struct exchange *exchange)
{
    while (exchange->rest && exchange->bytes > 0 && exchange->waiting < EXCHANGE_WINDOW) {
        if (!put_chunk(exchange))
            return;
        if (exchange->rest_at == exchange->rest->len) {
            bytes_unref(exchange->rest);
            exchange->rest = NULL;
        }
    }
}

bool exchange_has_room(const struct exchange *exchange)
{
    return !exchange->rest && exchange->items > 0 && exchange->bytes > 0 &&
           exchange->waiting < EXCHANGE_WINDOW;
}

/* ---- in ---- */

bool exchange_receive(struct exchange *exchange, struct span first, uint64_t total, uint64_t max)
{
    if (exchange->body || total > max || first.len > max)
        return false;
    exchange->body_max = total ? (size_t)total : first.len;
    exchange->body = malloc(exchange->body_max + 1);
    if (!exchange->body)
        return false;
    if (first.len)
        memcpy(exchange->body, first.data, first.len);
    exchange->body_len = first.len;
    exchange->body[exchange->body_len] = 0;
    return true;
}

bool exchange_receive_more(struct exchange *exchange, struct span piece)
{
    if (!exchange->body || piece.len > exchange->body_max - exchange->body_len)
        return false;
    memcpy(exchange->body + exchange->body_len, piece.data, piece.len);
    exchange->body_len += piece.len;
    exchange->body[exchange->body_len] = 0;
    exchange->owed += piece.len;
    if (exchange->owed >= EXCHANGE_WINDOW / 2 && !exchange_is_whole(exchange)) {
        session_give(exchange, exchange->owed);
        exchange->owed = 0;
    }
    return true;
}

bool exchange_is_whole(const struct exchange *exchange)
{
    return exchange->body && exchange->body_len == exchange->body_max;
}

uint8_t *exchange_take_body(struct exchange *exchange, size_t *len)
{
    uint8_t *body = exchange->body;
    *len = exchange->body_len;
    exchange->body = NULL;
    exchange->body_len = exchange->body_max = 0;
    return body;
}

void exchange_fini(struct exchange *exchange)
{
    bytes_unref(exchange->rest);
    exchange->rest = NULL;
    free(exchange->body);
    exchange->body = NULL;
}

/*
 * event-out.c - the other direction of event-in.c, in the same names.
 */
#include "cli/event-out.h"

#include <stdbool.h>
#include <string.h>

#include "cli/base64.h"
#include "cli/json-string.h"
#include "cli/scan.h"

static void print_text(FILE *out, const char *text)
{
    fwrite_unlocked(text, 1, strlen(text), out);
}

/* ,"key": */
static void print_key(FILE *out, const char *key, const char *suffix)
{
    print_text(out, ",\"");
    print_text(out, key);
    print_text(out, suffix);
    print_text(out, "\":");
}

static void print_string(FILE *out, const char *key, muon_str value)
{
    if (value.len == 0)
        return;
    print_key(out, key, "");
    json_string_print(out, value.ptr, value.len);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Checked JSON has line breaks only between its parts, where a space means the same. */
static void print_in_a_line(FILE *out, const char *text, size_t len)
{
    while (len > 0 && is_space(text[0]))
        text++, len--;
    while (len > 0 && is_space(text[len - 1]))
        len--;
    for (size_t i = 0; i < len; i++)
        putc_unlocked(text[i] == '\n' || text[i] == '\r' ? ' ' : text[i], out);
}

static bool survives_a_line(muon_str data)
{
    return !is_space(data.ptr[0]) && !is_space(data.ptr[data.len - 1]) &&
           !memchr(data.ptr, '\n', data.len) && !memchr(data.ptr, '\r', data.len);
}

static void print_bytes(FILE *out, const char *key, muon_str data)
{
    struct scan_fault fault;
    bool json = scan_check(data.ptr, data.len, &fault);
    if (json) {
        print_key(out, key, "");
        if (survives_a_line(data)) {
            fwrite_unlocked(data.ptr, 1, data.len, out);
            return;
        }
        print_in_a_line(out, data.ptr, data.len);
    }
    print_key(out, key, "-base64");
    putc_unlocked('"', out);
    base64_print(out, data.ptr, data.len);
    putc_unlocked('"', out);
}

static bool is_default_type(muon_str type)
{
    static const char json[] = "application/json";
    return type.len == 0 || (type.len == sizeof(json) - 1 && memcmp(type.ptr, json, type.len) == 0);
}

static void print_event(FILE *out, const muon_event *event, bool exact)
{
    print_text(out, "{\"event-id\":");
    json_string_print(out, event->event_id.ptr, event->event_id.len);
    print_string(out, "event-type", event->type);
    print_string(out, "stream-name", event->stream);
    print_string(out, "id", event->id);
    print_string(out, "service-id", event->service);
    print_string(out, "schema", event->schema);
    print_bytes(out, "payload", event->payload);
    if (exact || !is_default_type(event->content_type))
        print_string(out, "content-type", event->content_type);
    print_string(out, "caused-by", event->caused_by);
    print_string(out, "caused-by-relation", event->caused_by_relation);
    print_string(out, "traceparent", event->traceparent);
    if (event->metadata.len > 0)
        print_bytes(out, "metadata", event->metadata);
    fprintf(out, ",\"order-id\":%lld,\"version\":%lld,\"event-time\":%lld}\n",
            (long long)event->order_id, (long long)event->version, (long long)event->time_ms);
}

void event_out_print(FILE *out, const muon_event *event)
{
    print_event(out, event, false);
}

void event_out_print_exact(FILE *out, const muon_event *event)
{
    print_event(out, event, true);
}

void event_out_print_visible(FILE *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == 0xC2 && i + 1 < len && (text[i + 1] & 0xE0) == 0x80) {
            putc_unlocked('.', out);
            i++;
            continue;
        }
        putc_unlocked(c == '\n' || c == '\r' || c == '\t' ? ' '
                      : c < 0x20 || c == 0x7F             ? '.'
                                                          : text[i],
                      out);
    }
}

void event_out_print_payload(FILE *out, const muon_event *event, size_t max_bytes)
{
    struct scan_fault fault;
    size_t len = event->payload.len;
    if (!is_default_type(event->content_type) && !scan_check(event->payload.ptr, len, &fault)) {
        fprintf(out, "%zu bytes of %.*s", len, (int)event->content_type.len,
                event->content_type.ptr);
        return;
    }
    if (len <= max_bytes) {
        event_out_print_visible(out, event->payload.ptr, len);
        return;
    }
    len = max_bytes > 0 ? max_bytes - 1 : 0; /* the place of the ellipsis */
    while (len > 0 && ((unsigned char)event->payload.ptr[len] & 0xC0) == 0x80)
        len--;
    event_out_print_visible(out, event->payload.ptr, len);
    print_text(out, "…");
}

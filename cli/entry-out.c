/*
 * entry-out.c - see entry-out.h.
 */
#include "cli/entry-out.h"

#include "cli/event-out.h"
#include "cli/hex.h"
#include "cli/json-string.h"

static void print_event(FILE *out, const muon_entry *e)
{
    muon_event event = {.order_id = e->order_id,
                        .version = e->version,
                        .time_ms = e->time_ms,
                        .stream = e->stream,
                        .type = e->type,
                        .event_id = e->event_id,
                        .id = e->id,
                        .service = e->service,
                        .schema = e->schema,
                        .content_type = e->content_type,
                        .caused_by = e->caused_by,
                        .caused_by_relation = e->caused_by_relation,
                        .traceparent = e->traceparent,
                        .payload = e->payload,
                        .metadata = e->metadata};
    event_out_print_exact(out, &event);
}

static void print_erased(FILE *out, const muon_entry *e)
{
    char content[HEX_DIGEST_BYTES], whole[HEX_DIGEST_BYTES];
    fputs("{\"erased\":{\"event-id\":", out);
    json_string_print(out, e->event_id.ptr, e->event_id.len);
    fprintf(out, ",\"content-digest\":\"%s\",\"event-digest\":\"%s\"}",
            hex_digest(e->content_digest, content), hex_digest(e->event_digest, whole));
    fprintf(out, ",\"order-id\":%lld,\"version\":%lld,\"event-time\":%lld}\n",
            (long long)e->order_id, (long long)e->version, (long long)e->time_ms);
}

static void print_cut(FILE *out, const muon_entry *e)
{
    fputs("{\"cut\":{\"stream-name\":", out);
    json_string_print(out, e->stream.ptr, e->stream.len);
    fprintf(out, ",\"by-order-id\":%lld%s},\"order-id\":%lld,\"version\":%lld}\n",
            (long long)e->cut_by, e->tombstone ? ",\"tombstone\":true" : "", (long long)e->order_id,
            (long long)e->version);
}

void entry_out_print(FILE *out, const muon_entry *entry)
{
    if (entry->kind == MUON_ENTRY_ERASED)
        print_erased(out, entry);
    else if (entry->kind == MUON_ENTRY_CUT)
        print_cut(out, entry);
    else
        print_event(out, entry);
}

/*
 * submission.c - see submission.h.
 *
 * The digest decides whether an event id is used again for the same event (semantics 3): XXH3-128 over the lengths of the
 * fields that count, the short fields themselves, and the XXH3-128 of the payload. It is stored with the id for ever, so
 * neither the choice of fields nor their order may change within a format.
 */
#include "store/submission.h"

#include <stdlib.h>
#include <string.h>

#include "store/xxh.h"
#include "wire/tally.h"
#include "wire/text.h"

static const struct error no_memory = {
    .reason = REASON_BUSY,
    .grpc_status = 8,
    .message = "the store is out of memory; nothing was stored: retry later",
    .retryable = true,
    .retry_after_ms = 1000,
};

uint64_t stream_hash(struct span stream)
{
    return XXH3_64bits(stream.data, stream.len);
}

static size_t digest_add(uint8_t *text, size_t at, struct span field)
{
    uint16_t len = (uint16_t)field.len;
    text[at++] = (uint8_t)len;
    text[at++] = (uint8_t)(len >> 8);
    if (field.len)
        memcpy(text + at, field.data, field.len);
    return at + field.len;
}

void submission_digest(const struct event *event, uint8_t out[16])
{
    static const struct span json = {(const uint8_t *)"application/json", 16};
    const struct span fields[] = {event->stream_name,
                                  event->event_type,
                                  event->content_type.len ? event->content_type : json,
                                  event->schema,
                                  event->id,
                                  event->caused_by,
                                  event->caused_by_relation};
    enum { FIELDS = sizeof fields / sizeof *fields };
    uint8_t text[FIELDS * (2 + NAME_BYTES_MAX) + sizeof(XXH128_canonical_t)];
    size_t len = 0;
    for (size_t i = 0; i < FIELDS; i++)
        len = digest_add(text, len, fields[i]);
    XXH128_canonical_t hash;
    XXH128_canonicalFromHash(&hash, XXH3_128bits(event->payload.data, event->payload.len));
    memcpy(text + len, &hash, sizeof hash);
    XXH128_canonicalFromHash(&hash, XXH3_128bits(text, len + sizeof hash));
    memcpy(out, &hash, sizeof hash);
}

static bool submission_facts(struct submission *submission)
{
    const struct emit_request *request = &submission->request;
    submission->facts = calloc(request->events_len, sizeof *submission->facts);
    submission->stored = calloc(request->events_len, sizeof *submission->stored);
    if (!submission->facts || !submission->stored)
        return false;
    for (size_t i = 0; i < request->events_len; i++) {
        const struct event *event = &request->events[i];
        struct event_facts *facts = &submission->facts[i];
        facts->stream_hash = stream_hash(event->stream_name);
        submission_digest(event, facts->digest);
        struct key key = key_event_id(event->event_id);
        if (key.len <= sizeof facts->id_key) {
            memcpy(facts->id_key, key.data, key.len);
            facts->id_key_len = (uint8_t)key.len;
        }
        submission->bytes += event->raw.len + SUBMISSION_FRAME_BYTES;
    }
    return true;
}

static void submission_drop(struct submission *submission)
{
    free(submission->facts);
    free(submission->stored);
    free(submission->cuts);
    free(submission->policies);
    memset(submission, 0, sizeof *submission);
}

bool submission_init_emit(struct submission *submission, struct emit_request *request)
{
    *submission = (struct submission){.kind = SUBMIT_EMIT, .request = *request};
    if (!submission_facts(submission)) {
        submission_drop(submission);
        return false;
    }
    *request = (struct emit_request){0};
    return true;
}

/* The one event that records what the store does, and perhaps an expectation. */
static bool submission_record(struct submission *submission, const struct expect *expect,
                              struct span event)
{
    struct {
        struct event event;
        struct expect expect;
    } *parts = calloc(1, sizeof *parts);
    if (!parts || !event_read(event, &parts->event)) {
        free(parts);
        return false;
    }
    parts->expect = *expect;
    submission->request =
        (struct emit_request){&parts->event, 1, &parts->expect, expect->kind != EXPECT_NONE};
    if (submission_facts(submission))
        return true;
    submission_fini(submission);
    return false;
}

bool submission_init_delete(struct submission *submission, const struct delete_request *request,
                            struct span event)
{
    *submission = (struct submission){.kind = SUBMIT_DELETE,
                                      .delete_stream = request->stream_name,
                                      .delete_hash = stream_hash(request->stream_name),
                                      .delete_before = request->before_version,
                                      .tombstone = request->tombstone};
    return submission_record(submission, &request->expect, event);
}

bool submission_init_retention(struct submission *submission,
                               const struct set_retention_request *request, struct span event)
{
    const struct expect none = {.kind = EXPECT_NONE};
    *submission = (struct submission){.kind = SUBMIT_RETENTION, .retention = *request};
    return submission_record(submission, &none, event);
}

void submission_init_import(struct submission *submission, struct span raw,
                            const struct import_request *request)
{
    *submission = (struct submission){.kind = SUBMIT_IMPORT,
                                      .entries = raw,
                                      .import_end = *request,
                                      .bytes = raw.len + SUBMISSION_FRAME_BYTES};
}

bool submission_init_refused(struct submission *submission, const struct error *error)
{
    *submission = (struct submission){.kind = SUBMIT_REFUSED};
    submission_fail(submission, error);
    return submission->error != &no_memory;
}

void submission_fail(struct submission *submission, const struct error *error)
{
    if (!submission->error || submission->error == &no_memory)
        submission->error = malloc(sizeof *error);
    if (submission->error)
        *submission->error = *error;
    else
        submission->error = (struct error *)&no_memory;
}

void submission_stamp(struct submission *chain)
{
    if (chain->received_us)
        return;
    uint64_t now_us = tally_now_us();
    for (; chain; chain = chain->next)
        chain->received_us = now_us;
}

void submission_fini(struct submission *submission)
{
    if (submission->error != &no_memory)
        free(submission->error);
    emit_request_fini(&submission->request);
    submission_drop(submission);
}

void submission_id_key(const struct submission *submission, size_t i, struct key *key)
{
    const struct event_facts *facts = &submission->facts[i];
    if (facts->id_key_len == 0) {
        *key = key_event_id(submission->request.events[i].event_id);
        return;
    }
    memcpy(key->data, facts->id_key, facts->id_key_len);
    key->len = facts->id_key_len;
}

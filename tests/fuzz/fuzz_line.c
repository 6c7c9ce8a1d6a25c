/*
 * Fuzz the lines that `muon emit` reads: the scanner and jansson agree about any bytes, and an event that a line gives is printed so that
 * the line gives it again.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/event-in.h"
#include "cli/event-out.h"
#include "cli/scan.h"
#include "tests/fuzz/fuzz.h"

static void scanner_and_jansson_agree(const char *text, size_t len)
{
    json_error_t error;
    struct scan_fault fault;
    bool taken = scan_check(text, len, &fault);
    json_t *document = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    bool of_its_own = false; /* sizes of numbers, levels, NULs */
    if (!document)
        of_its_own = json_error_code(&error) == json_error_numeric_overflow ||
                     json_error_code(&error) == json_error_stack_overflow ||
                     json_error_code(&error) == json_error_null_byte_in_key;
    else
        of_its_own =
            memchr(text, '\0', len) || (!taken && strcmp(fault.why, "nested too deeply") == 0);
    if (!of_its_own && taken != (document != NULL))
        abort();
    json_decref(document);
}

static muon_str str_of(const char *text)
{
    return (muon_str){text ? text : "", text ? strlen(text) : 0};
}

static bool same(const char *a, const char *b)
{
    return (a && b) ? strcmp(a, b) == 0 : (!a || !*a) && (!b || !*b);
}

static void printed_line_gives_the_event_again(const muon_event_in *e)
{
    struct event_in again = {0};
    struct event_fault fault;
    char *line;
    size_t len;
    muon_event stored = {.stream = str_of(e->stream),
                         .type = str_of(e->type),
                         .event_id = str_of(e->event_id),
                         .id = str_of(e->id),
                         .service = str_of(e->service),
                         .schema = str_of(e->schema),
                         .content_type = str_of(e->content_type),
                         .caused_by = str_of(e->caused_by),
                         .caused_by_relation = str_of(e->caused_by_relation),
                         .traceparent = str_of(e->traceparent),
                         .payload = {e->payload, e->payload_len},
                         .metadata = {e->metadata ? e->metadata : "", e->metadata_len}};
    FILE *out = open_memstream(&line, &len);
    event_out_print(out, &stored);
    fclose(out);
    if (!event_in_parse(&again, line, len, &fault) || again.event.payload_len != e->payload_len ||
        memcmp(again.event.payload, e->payload, e->payload_len) != 0 ||
        again.event.metadata_len != e->metadata_len || !same(again.event.stream, e->stream) ||
        !same(again.event.type, e->type) || !same(again.event.event_id, e->event_id) ||
        !same(again.event.caused_by, e->caused_by) || !same(again.event.schema, e->schema))
        abort();
    event_in_free(&again);
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct event_in in;
    struct event_fault fault;
    char *exact = malloc(len ? len : 1);
    if (!exact)
        return 0;
    memcpy(exact, data, len);
    scanner_and_jansson_agree(exact, len);
    if (event_in_parse(&in, exact, len, &fault))
        printed_line_gives_the_event_again(&in.event);
    free(exact);
    return 0;
}

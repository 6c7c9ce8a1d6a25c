/*
 * show.c - the table's columns are as wide as the widest cell so far: nothing waits for the end, which a live stream has not.
 */
#include "cli/show.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/event-out.h"
#include "cli/format.h"
#include "cli/out.h"
#include "cli/say.h"
#include "cli/time-text.h"

enum { ORDER_ID_WIDTH = 16, TIME_WIDTH = 24, VERSION_WIDTH = 7, GAP = 2, PAYLOAD_MIN = 8 };

void show_begin(struct show *show, const struct args *args)
{
    *show = (struct show){
        .json = args->raw || args->json,
        .format = args->format,
        .header_due = !args->quiet && !args->format,
        .colour = say_in_colour(stdout),
        .stream_width = strlen("STREAM"),
        .type_width = strlen("TYPE"),
    };
}

/* Characters, as far as a terminal's columns can be known without its tables. */
static size_t width_of(muon_str text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.len; i++)
        width += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return width;
}

static void print_cell(muon_str text, size_t width)
{
    size_t have = width_of(text);
    fwrite_unlocked(text.ptr, 1, text.len, stdout);
    for (size_t i = have; i < width + GAP; i++)
        putc_unlocked(' ', stdout);
}

static muon_str str_of(const char *text)
{
    return (muon_str){text, strlen(text)};
}

static void print_header(struct show *show)
{
    fputs(show->colour ? "\033[1m" : "", stdout);
    print_cell(str_of("ORDER-ID"), ORDER_ID_WIDTH);
    print_cell(str_of("TIME"), TIME_WIDTH);
    print_cell(str_of("STREAM"), show->stream_width);
    printf("%*s  ", VERSION_WIDTH, "VERSION");
    print_cell(str_of("TYPE"), show->type_width);
    printf("PAYLOAD%s\n", show->colour ? "\033[0m" : "");
    show->header_due = false;
}

static size_t payload_room(const struct show *show)
{
    size_t before = ORDER_ID_WIDTH + TIME_WIDTH + VERSION_WIDTH + show->stream_width +
                    show->type_width + 5 * GAP;
    return show->columns > before + PAYLOAD_MIN ? show->columns - before : PAYLOAD_MIN;
}

static void print_row(const struct show *show, const muon_event *event)
{
    char time[TIME_TEXT_BYTES];
    time_text_print(event->time_ms, time);
    printf("%-*lld  %-*s  ", ORDER_ID_WIDTH, (long long)event->order_id, TIME_WIDTH, time);
    print_cell(event->stream, show->stream_width);
    printf("%*lld  ", VERSION_WIDTH, (long long)event->version);
    print_cell(event->type, show->type_width);
    event_out_print_payload(stdout, event, payload_room(show));
    putc_unlocked('\n', stdout);
}

static void widen(size_t *width, muon_str text)
{
    size_t needed = width_of(text);
    if (needed > *width)
        *width = needed;
}

static void write_event(FILE *out, const void *event)
{
    event_out_print(out, event);
}

void show_batch(struct show *show, const muon_batch *batch, size_t first, size_t count)
{
    size_t end = muon_batch_count(batch);
    if (count < end - first)
        end = first + count;
    for (size_t i = first; i < end && !show->json && !show->format; i++) {
        widen(&show->stream_width, muon_batch_at(batch, i)->stream);
        widen(&show->type_width, muon_batch_at(batch, i)->type);
    }
    show->columns = out_columns(STDOUT_FILENO);
    if (end > first && show->header_due && !show->json)
        print_header(show);
    for (size_t i = first; i < end; i++) {
        if (show->json)
            event_out_print(stdout, muon_batch_at(batch, i));
        else if (show->format)
            format_show(show->format, write_event, muon_batch_at(batch, i));
        else
            print_row(show, muon_batch_at(batch, i));
    }
    show->shown += end - first;
}

void show_nothing(const struct args *args)
{
    const char *stream = args->operands[1];
    bool one_star = strchr(stream, '*') && !strstr(stream, "**");
    say_note(args,
             one_star ? "no events; one * is a letter like others, a pattern has **" : "no events");
}

/*
 * Fuzz the command line's other texts: its words, the arguments of replay, times, base64, bodies.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/base64.h"
#include "cli/body.h"
#include "cli/format.h"
#include "cli/json-string.h"
#include "cli/lines.h"
#include "cli/replay-args.h"
#include "cli/scan.h"
#include "cli/time-text.h"
#include "tests/fuzz/fuzz.h"

enum { WORDS_MAX = 64 };
static const int64_t NOW_MS = 1700000000000;

static void words(struct feed *feed)
{
    char *word[WORDS_MAX] = {NULL}, why[ARGS_WHY_BYTES] = "";
    size_t len = 0;
    struct args args;
    while (feed->len && len < WORDS_MAX) {
        word[len] = feed_text(feed);
        len += word[len] != NULL;
    }
    if (!args_parse(&args, word, len, why))
        assert(why[0]);
    for (size_t i = 0; i < len; i++)
        free(word[i]);
}

static void replay(struct feed *feed)
{
    struct follow follow = {0};
    char *text = feed_rest(feed), why[REPLAY_ARGS_WHY_BYTES] = "";
    if (!replay_args_parse(text, &follow, why))
        assert(why[0]);
    assert(follow.types_len <= ARGS_TYPES_MAX);
    free(text);
}

static void times(struct feed *feed)
{
    char *text = feed_rest(feed), printed[TIME_TEXT_BYTES];
    int64_t ms, again;
    muon_expect expect;
    if (time_text_moment(text, NOW_MS, &ms)) {
        time_text_print(ms, printed);
        assert(!strchr(printed, 'T') || /* it is beyond the calendar */
               (time_text_moment(printed, NOW_MS, &again) && again == ms));
    }
    if (time_text_duration(text, &ms))
        assert(ms >= 0);
    args_expectation(text, &expect);
    free(text);
}

static void base64(struct feed *feed)
{
    char *text, *copy = feed_rest(&(struct feed){feed->at, feed->len});
    size_t len = feed->len, out_len, text_len;
    FILE *out = open_memstream(&text, &text_len);
    if (!out)
        abort();
    if (base64_decode(copy, len, &out_len))
        assert(out_len <= len);
    base64_print(out, feed->at, feed->len);
    fclose(out);
    assert(base64_decode(text, text_len, &out_len) && out_len == len);
    assert(len == 0 || memcmp(text, feed->at, len) == 0);
    free(text);
    free(copy);
}

static void bodies(struct feed *feed)
{
    struct args args = {.json = feed_byte(feed) & 1};
    const char *body = (const char *)feed->at;
    char *text;
    size_t len;
    struct scan_fault fault;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        abort();
    if (body_is_text(body, feed->len))
        for (size_t i = 0; i + 1 < feed->len; i++) /* C1: a terminal may act on them */
            assert(feed->at[i] != 0xC2 || feed->at[i + 1] >= 0xA0);
    body_print(out, &args, (muon_str){"", 0}, (muon_str){body ? body : "", feed->len});
    fclose(out);
    assert(len > 0 && text[len - 1] == '\n');
    assert(!args.json || scan_check(text, len, &fault));
    free(text);
    out = open_memstream(&text, &len);
    body_print_member(out, (muon_str){body ? body : "", feed->len});
    fclose(out);
    free(text);
}

static void lines(struct feed *feed)
{
    struct lines lines;
    char path[FUZZ_PATH_BYTES];
    const char *line;
    size_t len, bytes = 0;
    uint64_t number = 0;
    int fd = fuzz_file((struct span){feed->at, feed->len}, path);
    lseek(fd, 0, SEEK_SET);
    lines_init(&lines, fd);
    for (enum lines_state state; (state = lines_next(&lines, &line, &len)) != LINES_END;) {
        assert(state == LINES_LINE || state == LINES_MORE);
        if (state == LINES_MORE) {
            lines_fill(&lines);
            continue;
        }
        number++;
        bytes += len;
    }
    assert(bytes <= feed->len && lines.number == number);
    lines_fini(&lines);
    close(fd);
}

/* A format, and a record that is any JSON. */
static void formats(struct feed *feed)
{
    static struct format format;
    char *text = feed_text(feed), why[FORMAT_WHY_BYTES] = "", *shown;
    size_t len, record_len = feed->len;
    char *record = feed_rest(feed);
    struct scan_fault fault;
    bool taken = text && format_parse(&format, text, shape_of_records("get"), why);
    assert(taken || !text || why[0]);
    if (taken && scan_check(record, record_len, &fault)) {
        FILE *out = open_memstream(&shown, &len);
        format_print(&format, out, true, record, record_len);
        fclose(out);
        assert(len > 0 && shown[len - 1] == '\n');
        free(shown);
    }
    free(record);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const parts[])(struct feed * feed) = {words,  replay, times,  base64,
                                                        bodies, lines,  formats};
    struct feed feed = {data, len};
    parts[feed_byte(&feed) % 7](&feed);
    return 0;
}

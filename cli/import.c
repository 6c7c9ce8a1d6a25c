/*
 * import.c - read lines, send them without waiting, count the answers.
 *
 * libmuon bounds what is in flight: when it has enough, we wait for answers before we read on, so memory stays small however long
 * the input is. It also reconnects and sends again what was not answered, with the same event ids, so that a killed server is a
 * pause and nothing is stored twice. Answers come in the order of the lines.
 *
 * At the first line that is malformed or refused we read no further, wait for what is in flight (it may well be stored: it was
 * sent already), and say how much is stored. The tag of an emit is where it began and how many events it has.
 */
#include "cli/import.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/connect.h"
#include "cli/event-in.h"
#include "cli/handling.h"
#include "cli/interrupts.h"
#include "cli/lines.h"
#include "cli/progress.h"
#include "cli/say.h"

enum { BATCH_MAX = 1000, TAG_COUNT_BITS = 10, ITEMS = 512 };

struct import {
    const struct args *args;
    muon_client *client;
    muon_queue *queue;
    struct lines lines;
    struct event_in *parsed; /* batch_max of them: the batch being gathered */
    muon_event_in *events;   /* the same, as libmuon takes them */
    size_t batch_max, count;
    uint64_t first_line; /* of the batch being gathered */
    uint64_t in_flight;  /* emits without an answer */
    struct progress progress;
    int interrupts; /* a descriptor that Ctrl-C makes readable; -1: it ends the program */
    int code;       /* of the first failure */
    bool over;      /* the input is at its end */
    bool stop;      /* a failure ends the import */
    bool interrupted;
};

/* A failure of these lines. Some kinds concern only them, and --keep-going passes over those. */
static void import_fail(struct import *im, enum exit_code code, uint64_t line, size_t events,
                        const char *request, const char *why)
{
    bool theirs = code == EXIT_BAD_INPUT || code == EXIT_CONFLICT || code == EXIT_TOO_LARGE;
    const char *advice = NULL;
    im->progress.failed += events;
    if (im->stop)
        return;
    im->stop = !im->args->keep_going || !theirs;
    im->code = im->stop ? (int)code : EXIT_PARTLY_DONE;
    if (theirs)
        advice = im->stop ? "Everything before it is stored. Mend it and import again: what has an "
                            "event-id is not stored twice."
                          : "It was passed over.";
    else if (code == EXIT_FAILED)
        advice = "Everything before it is stored. Import again when the input can be read.";
    progress_hide(&im->progress);
    if (events > 1)
        say_answer(im->args, code, advice, request, "the batch of %zu events from line %llu on: %s",
                   events, (unsigned long long)line, why);
    else
        say_answer(im->args, code, advice, request, "line %llu: %s", (unsigned long long)line, why);
}

static void import_take(struct import *im, const muon_item *item)
{
    uint64_t line = item->tag >> TAG_COUNT_BITS;
    size_t events = item->tag & ((1u << TAG_COUNT_BITS) - 1);
    im->in_flight--;
    if (item->status != MUON_OK)
        import_fail(im, exit_of_status(item->status), line, events, item->error->request_id,
                    item->error->message);
    else if (item->flags & MUON_DUPLICATE)
        im->progress.duplicates += events;
    else
        im->progress.stored += events;
}

/* Take the answers that are there. */
static void import_drain(struct import *im)
{
    muon_item items[ITEMS];
    int32_t got = ITEMS;
    while (got == ITEMS) {
        got = muon_queue_wait(im->queue, items, ITEMS, 0);
        for (int32_t i = 0; i < got; i++) {
            import_take(im, &items[i]);
            muon_item_clear(&items[i]);
        }
    }
    im->progress.bar.at = im->lines.taken;
    progress_show(&im->progress);
}

/* The one place where we wait: for answers, for Ctrl-C, and, if it is wanted, for input. */
static void import_wait(struct import *im, bool for_input)
{
    struct pollfd fds[] = {{.fd = for_input ? im->lines.fd : -1, .events = POLLIN},
                           {.fd = (int)muon_queue_fd(im->queue), .events = POLLIN},
                           {.fd = im->interrupts, .events = POLLIN}};
    if (poll(fds, sizeof(fds) / sizeof(fds[0]), -1) < 0)
        return;
    if (fds[2].revents)
        im->interrupted = interrupts_take(&im->interrupts); /* the second one ends the program */
    if (fds[1].revents)
        import_drain(im);
    if (fds[0].revents)
        lines_fill(&im->lines);
}

/* Send the gathered batch. */
static void import_send(struct import *im)
{
    muon_error error;
    muon_emit_opts opts = {.timeout_ms = connect_timeout_ms(im->args)};
    uint64_t tag = im->first_line << TAG_COUNT_BITS | im->count;
    int32_t status = MUON_EAGAIN;
    while (im->count > 0 && status == MUON_EAGAIN && !im->interrupted) {
        status =
            muon_emit_async(im->client, NULL, im->events, im->count, &opts, im->queue, tag, &error);
        if (status == MUON_EAGAIN)
            import_wait(im, false);
    }
    if (status == MUON_OK)
        im->in_flight++;
    else if (status != MUON_EAGAIN)
        import_fail(im, exit_of_status(status), im->first_line, im->count, error.request_id,
                    error.message);
    im->count = 0;
}

static bool is_blank(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
            return false;
    return true;
}

/* A malformed line: what came before it is sent; it is not. */
static void import_bad_line(struct import *im, const struct event_fault *fault)
{
    char why[sizeof(fault->why) + 32];
    uint64_t line = im->lines.number;
    if (fault->column)
        snprintf(why, sizeof(why), "%s (at byte %zu)", fault->why, fault->column);
    else
        snprintf(why, sizeof(why), "%s", fault->why);
    if (!im->args->keep_going)
        import_send(im);
    import_fail(im, EXIT_BAD_INPUT, line, 1, "", why);
}

static void import_line(struct import *im, const char *line, size_t len)
{
    struct event_fault fault;
    if (is_blank(line, len))
        return;
    if (!event_in_parse(&im->parsed[im->count], line, len, &fault)) {
        import_bad_line(im, &fault);
        return;
    }
    if (im->count == 0)
        im->first_line = im->lines.number;
    im->events[im->count] = im->parsed[im->count].event;
    handling_inherit(&im->events[im->count]);
    if (++im->count == im->batch_max)
        import_send(im);
}

/* The end of the input: what was gathered is sent, unless something was wrong with the last line. */
static void import_end(struct import *im, enum lines_state state)
{
    if (state == LINES_TOO_LONG)
        import_fail(im, EXIT_TOO_LARGE, im->lines.number + 1, 1, "",
                    "longer than any event can be");
    else if (state == LINES_ERROR)
        import_fail(im, EXIT_FAILED, im->lines.number + 1, 1, "", strerror(im->lines.error));
    else
        import_send(im);
    im->over = true;
}

static void import_read(struct import *im)
{
    const char *line;
    size_t len;
    while (!im->over && !im->stop && !im->interrupted) {
        enum lines_state state = lines_next(&im->lines, &line, &len);
        if (state == LINES_LINE)
            import_line(im, line, len);
        else if (state == LINES_MORE)
            import_wait(im, true);
        else
            import_end(im, state);
    }
    while (im->in_flight > 0)
        import_wait(im, false);
}

/* What is still to be read of a file; 0: it is none. */
static uint64_t size_of_input(int fd)
{
    struct stat status;
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || at < 0 || at > status.st_size)
        return 0;
    return (uint64_t)(status.st_size - at);
}

static int import_with(struct import *im)
{
    muon_error error;
    if (muon_queue_new(im->client, &im->queue, &error) != MUON_OK)
        return say_error(im->args, &error);
    if (isatty(im->lines.fd))
        say_note(im->args,
                 "Reading events from the terminal, one JSON object a line; Ctrl-D ends.");
    progress_begin(&im->progress, im->args);
    im->progress.bar.to = size_of_input(im->lines.fd);
    import_read(im);
    progress_end(&im->progress);
    muon_queue_free(im->queue);
    if (im->interrupted && im->code == EXIT_DONE)
        im->code = say_failure(im->args, EXIT_INTERRUPTED,
                               "What was sent is stored. Import again to go on: what has an "
                               "event-id is not stored twice.",
                               "stopped at line %llu", (unsigned long long)im->lines.number);
    return im->code;
}

static int import_alloc_and_run(struct import *im)
{
    int code;
    im->parsed = calloc(im->batch_max, sizeof(*im->parsed));
    im->events = calloc(im->batch_max, sizeof(*im->events));
    if (im->parsed && im->events)
        code = import_with(im);
    else
        code = say_failure(im->args, EXIT_FAILED, NULL, "out of memory");
    for (size_t i = 0; im->parsed && i < im->batch_max; i++)
        event_in_free(&im->parsed[i]);
    free(im->parsed);
    free(im->events);
    return code;
}

int import_run(const struct args *args)
{
    struct import im = {.args = args, .batch_max = args->given & OPTION_BATCH ? args->batch : 1};
    int code;
    if (im.batch_max < 1 || im.batch_max > BATCH_MAX)
        return say_failure(args, EXIT_USAGE, NULL, "--batch is 1 to %d lines", BATCH_MAX);
    im.interrupts = interrupts_open(false);
    if (!connect_open(args, &im.client, &code))
        return code;
    lines_init(&im.lines, STDIN_FILENO);
    code = import_alloc_and_run(&im);
    lines_fini(&im.lines);
    connect_close(im.client);
    return code;
}

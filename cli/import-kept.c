/*
 * import-kept.c - `muon import`: what `muon export` wrote, into an empty store, with the places that the events had. (import.c, of `muon
 * emit`, stores events anew.)
 *
 * Lines become entries, entries runs. The store says how far it has got; the lines up to there are read over, and must come to the
 * same digest. At the first line that is malformed or refused we stop; mend it and import again, which goes on where this has stopped.
 */
#include "cli/import-kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/bar.h"
#include "cli/connect.h"
#include "cli/entry-in.h"
#include "cli/hex.h"
#include "cli/kept.h"
#include "cli/lines.h"
#include "cli/say.h"

enum { RUN_BYTES = 512 * 1024 };

struct importing {
    const struct args *args;
    muon_import *import;
    muon_sum have; /* what the store had */
    struct lines lines;
    struct entry_in in;
    struct kept kept;
    bool beyond; /* … what the store had */
    uint64_t read;
    struct bar bar;
    int code;
};

static bool fail_line(struct importing *im, enum exit_code code, const char *why)
{
    bar_hide(&im->bar);
    im->code = say_failure(im->args, code,
                           "Mend it and import again: that goes on where this has stopped.",
                           "line %llu: %s", (unsigned long long)im->lines.number, why);
    return false;
}

/* ---- entries ---- */

static bool send(struct importing *im)
{
    muon_error error;
    size_t len = im->kept.len;
    kept_clear(&im->kept);
    if (len == 0 || muon_import_send(im->import, im->kept.run, len, connect_timeout_ms(im->args),
                                     &error) == MUON_OK)
        return true;
    bar_hide(&im->bar);
    im->code = say_error(im->args, &error);
    return false;
}

/* Where the store ends, the lines must have come to the same. */
static bool is_same(struct importing *im)
{
    if (im->kept.sum.last_order_id == im->have.last_order_id &&
        memcmp(im->kept.sum.digest, im->have.digest, MUON_DIGEST_BYTES) == 0)
        return true;
    bar_hide(&im->bar);
    im->code = say_failure(
        im->args, EXIT_CONFLICT, "Take an empty store, or the input that it was begun with.",
        "what the store holds, up to order id %lld, is not what is imported here",
        (long long)im->have.last_order_id);
    return false;
}

/* Before the entry: is the part that the store had over? */
static bool pass_have(struct importing *im, const muon_entry *entry)
{
    int64_t at = entry->kind == MUON_ENTRY_CUT ? entry->cut_by : entry->order_id;
    if (im->beyond || at <= im->have.last_order_id)
        return true;
    im->beyond = true;
    kept_clear(&im->kept);
    return is_same(im);
}

static bool take_entry(struct importing *im, const muon_entry *entry)
{
    muon_error error;
    if (!pass_have(im, entry))
        return false;
    if (!im->beyond)
        kept_clear(&im->kept);
    else if (im->kept.len >= RUN_BYTES && entry->kind != MUON_ENTRY_CUT && !send(im))
        return false;
    if (!kept_add(&im->kept, entry, &error))
        return fail_line(im, EXIT_BAD_INPUT, error.message);
    im->bar.events = (uint64_t)im->kept.sum.events;
    bar_show(&im->bar);
    return true;
}

/* ---- lines ---- */

static bool take_line(struct importing *im, const char *line, size_t len)
{
    struct event_fault fault;
    char why[sizeof(fault.why) + 32];
    im->read += len + 1;
    im->bar.at = im->read;
    if (entry_in_parse(&im->in, line, len, &fault))
        return take_entry(im, &im->in.entry);
    if (fault.column)
        snprintf(why, sizeof(why), "%s (at byte %zu)", fault.why, fault.column);
    else
        snprintf(why, sizeof(why), "%s", fault.why);
    return fail_line(im, EXIT_BAD_INPUT, why);
}

static bool take_all(struct importing *im)
{
    const char *line;
    size_t len;
    enum lines_state state;
    while ((state = lines_next(&im->lines, &line, &len)) != LINES_END) {
        if (state == LINES_MORE)
            lines_fill(&im->lines);
        else if (state == LINES_TOO_LONG)
            return fail_line(im, EXIT_TOO_LARGE, "what follows is longer than any event can be");
        else if (state == LINES_ERROR)
            return fail_line(im, EXIT_FAILED, strerror(im->lines.error));
        else if (!take_line(im, line, len))
            return false;
    }
    if (!im->beyond && !is_same(im))
        return false;
    return !im->beyond || send(im);
}

static void import_all(struct importing *im)
{
    char digest[HEX_DIGEST_BYTES];
    muon_error error;
    const muon_sum *sum = &im->kept.sum;
    bool ok = take_all(im);
    if (ok && muon_import_end(im->import, sum, connect_timeout_ms(im->args), &error) != MUON_OK) {
        bar_hide(&im->bar);
        im->code = say_error(im->args, &error);
        ok = false;
    }
    double seconds = bar_end(&im->bar);
    if (!ok)
        return;
    hex_digest(sum->digest, digest);
    if (im->args->json)
        printf("{\"events\":%lld,\"events-before\":%lld,\"last-order-id\":%lld,\"digest\":\"%s\","
               "\"seconds\":%.3f}\n",
               (long long)sum->events, (long long)im->have.events, (long long)sum->last_order_id,
               digest, seconds);
    else
        say_note(im->args, "%lld event%s up to order id %lld, digest %s (%.1f s)",
                 (long long)sum->events, say_plural(sum->events), (long long)sum->last_order_id,
                 digest, seconds);
}

static bool open_input(struct importing *im, int *fd)
{
    const char *path = im->args->operand_count > 1 ? im->args->operands[1] : "-";
    struct stat file;
    *fd = STDIN_FILENO;
    if (strcmp(path, "-") != 0)
        *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0) {
        im->code =
            say_failure(im->args, EXIT_USAGE, NULL, "cannot read %s: %s", path, strerror(errno));
        return false;
    }
    if (fstat(*fd, &file) == 0 && S_ISREG(file.st_mode))
        im->bar.to = (uint64_t)file.st_size;
    return true;
}

int import_kept_run(const struct args *args)
{
    struct importing im = {.args = args};
    muon_client *client;
    muon_error error;
    int fd;
    bar_begin(&im.bar, args, "imported");
    if (!open_input(&im, &fd))
        return im.code;
    lines_init(&im.lines, fd);
    if (connect_open(args, &client, &im.code)) {
        if (muon_import_open(client, connect_timeout_ms(args), &im.import, &im.have, &error) ==
            MUON_OK)
            import_all(&im);
        else
            im.code = say_error(args, &error);
        muon_import_free(im.import);
        connect_close(client);
    }
    lines_fini(&im.lines);
    entry_in_free(&im.in);
    kept_fini(&im.kept);
    if (fd != STDIN_FILENO)
        close(fd);
    return im.code;
}

/*
 * export.c - `muon export`: the history of a store as lines of JSON.
 *
 * Into a file it goes under the name FILE.part, until it is whole. What is left of an export that was cut off is read again: all but its
 * last event, which may not be whole, is kept, and the store must have the same digest up to there.
 */
#include "cli/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/bar.h"
#include "cli/connect.h"
#include "cli/entry-out.h"
#include "cli/out.h"
#include "cli/part.h"
#include "cli/say.h"

struct export
{
    const struct args *args;
    const char *path; /* NULL: standard output */
    char *part;       /* the name until it is whole */
    FILE *out;
    muon_sum have; /* what the part holds */
    muon_sum sum;
    struct bar bar;
    int code;
};

static bool fail_write(struct export *x)
{
    const char *why = strerror(errno);
    bar_hide(&x->bar);
    x->code = say_failure(x->args, EXIT_FAILED,
                          "Make room, then export to the same file again: it goes on where it "
                          "stopped.",
                          "cannot write %s: %s", x->part ? x->part : "the output", why);
    return false;
}

/* ---- where it goes ---- */

static bool open_part(struct export *x)
{
    char why[PART_WHY_BYTES];
    size_t len = strlen(x->path) + sizeof(".part");
    x->part = malloc(len);
    if (!x->part)
        return fail_write(x);
    snprintf(x->part, len, "%s.part", x->path);
    int fd = open(x->part, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_write(x);
    if (!part_recall(fd, &x->have, why)) {
        close(fd);
        x->code = say_failure(x->args, EXIT_BAD_INPUT, "Remove it, or export to another file.",
                              "%s cannot be gone on with: %s", x->part, why);
        return false;
    }
    x->out = fdopen(fd, "a");
    if (x->out)
        return true;
    close(fd);
    return fail_write(x);
}

static bool open_output(struct export *x)
{
    if (x->args->operand_count > 1 && strcmp(x->args->operands[1], "-") != 0) {
        x->path = x->args->operands[1];
        return open_part(x);
    }
    x->out = stdout;
    return true;
}

static bool flush(struct export *x)
{
    if (!x->path)
        return out_flush(x->args, &x->code);
    errno = 0;
    return (fflush(x->out) == 0 && !ferror(x->out)) || fail_write(x);
}

static bool close_output(struct export *x)
{
    if (!flush(x))
        return false;
    if (!x->path)
        return true;
    if (fsync(fileno(x->out)) != 0 || rename(x->part, x->path) != 0)
        return fail_write(x);
    return true;
}

/* ---- what goes there ---- */

static bool print_run(struct export *x, const void *run, size_t len)
{
    muon_entry entry;
    muon_error error;
    size_t at = 0, used;
    int32_t status;
    while ((status = muon_entry_next(run, len, &at, &entry, &error)) == MUON_OK)
        entry_out_print(x->out, &entry);
    if (status == MUON_END)
        status = muon_sum_add(&x->sum, run, len, INT64_MAX, &used, &error);
    if (status == MUON_OK)
        return flush(x);
    bar_hide(&x->bar);
    x->code = say_error(x->args, &error);
    return false;
}

static bool print_all(struct export *x, muon_snapshot *s)
{
    const void *run;
    size_t len;
    muon_error error;
    int32_t status;
    while ((status = muon_snapshot_next(s, &run, &len, connect_timeout_ms(x->args), &error)) ==
           MUON_OK) {
        if (!print_run(x, run, len))
            return false;
        x->bar.events = (uint64_t)x->sum.events;
        x->bar.at = (uint64_t)x->sum.last_order_id;
        bar_show(&x->bar);
    }
    if (status == MUON_END)
        return true;
    bar_hide(&x->bar);
    x->code = say_error(x->args, &error);
    return false;
}

static bool is_same(struct export *x, const uint8_t *theirs, const uint8_t *ours, const char *what)
{
    if (memcmp(theirs, ours, MUON_DIGEST_BYTES) == 0)
        return true;
    bar_hide(&x->bar);
    x->code = say_failure(x->args, EXIT_CONFLICT, "Export to another file.",
                          "%s is not what the store holds: the digests differ", what);
    return false;
}

static void export_all(struct export *x, muon_snapshot *s)
{
    muon_snapshot_info info;
    muon_snapshot_about(s, &info);
    x->sum = x->have;
    x->bar.to = (uint64_t)info.up_to;
    bool ok = is_same(x, info.after_digest, x->have.digest, x->part ? x->part : "what was read") &&
              print_all(x, s);
    muon_snapshot_about(s, &info);
    ok = ok && is_same(x, info.sum.digest, x->sum.digest, "what has arrived") && close_output(x);
    double seconds = bar_end(&x->bar);
    if (ok)
        say_note(x->args, "%lld event%s up to order id %lld (%.1f s)", (long long)x->sum.events,
                 say_plural(x->sum.events), (long long)x->sum.last_order_id, seconds);
}

static void export_with(struct export *x, muon_client *client)
{
    muon_snapshot *s;
    muon_error error;
    /* Without a digest: the store computes its own, to compare. */
    muon_snapshot_opts opts = {.after = x->have.last_order_id,
                               .timeout_ms = connect_timeout_ms(x->args)};
    if (muon_snapshot_open(client, &opts, &s, &error) != MUON_OK) {
        x->code = say_error(x->args, &error);
        return;
    }
    export_all(x, s);
    muon_snapshot_free(s);
}

int export_run(const struct args *args)
{
    struct export x = {.args = args};
    muon_client *client;
    if (!open_output(&x)) {
        free(x.part);
        return x.code;
    }
    bar_begin(&x.bar, args, "exported");
    if (connect_open(args, &client, &x.code)) {
        export_with(&x, client);
        connect_close(client);
    }
    if (x.path && fclose(x.out) != 0 && x.code == EXIT_DONE)
        fail_write(&x);
    free(x.part);
    return x.code;
}

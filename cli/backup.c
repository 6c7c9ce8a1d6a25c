/*
 * backup.c - `muon backup`: the history of a running store, into a file.
 *
 * What arrives is checked against the digest that the store has computed of it, so a file that got its name is whole, and is what the
 * store holds. The file that it follows upon is read to its end first: nothing can follow upon a damaged one.
 */
#include "cli/backup.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/backup-file.h"
#include "cli/bar.h"
#include "cli/connect.h"
#include "cli/hex.h"
#include "cli/json-string.h"
#include "cli/say.h"

struct backup {
    const struct args *args;
    struct backup_head since; /* of what it follows upon: its end */
    struct bar bar;
    muon_sum sum;
    int code;
};

/* The new file takes the place of one of its name, and would leave nothing to follow upon. */
static bool replaces_since(struct backup *b)
{
    struct stat earlier, file;
    if (stat(b->args->since, &earlier) != 0 || stat(b->args->operands[1], &file) != 0 ||
        earlier.st_dev != file.st_dev || earlier.st_ino != file.st_ino)
        return false;
    b->code = say_failure(b->args, EXIT_USAGE, "Name another file.",
                          "%s would be replaced by a backup that follows upon it", b->args->since);
    return true;
}

/* Read the earlier file: the new one begins where it ends. */
static bool read_since(struct backup *b)
{
    struct backup_reader r;
    const void *run;
    size_t len = 1;
    bool ok = backup_open(&r, b->args->since);
    while (ok && len > 0)
        ok = backup_read(&r, &run, &len);
    if (ok) {
        b->since = r.head;
        b->since.after = r.head.up_to;
        memcpy(b->since.after_digest, r.sum.digest, MUON_DIGEST_BYTES);
    } else {
        b->code = say_failure(b->args, EXIT_BAD_INPUT,
                              "Nothing can follow upon it; make a whole backup.", "%s", r.why);
    }
    backup_reader_end(&r);
    return ok;
}

static bool is_behind(struct backup *b, const muon_snapshot_info *info)
{
    if (info->up_to >= b->since.after)
        return false;
    b->code = say_failure(b->args, EXIT_CONFLICT, "Make a whole backup.",
                          "the store ends at order id %lld, before the backup that this was to "
                          "follow upon (%lld)",
                          (long long)info->up_to, (long long)b->since.after);
    return true;
}

/* All that the store gives. */
static bool copy(struct backup *b, muon_snapshot *s, struct backup_writer *w)
{
    const void *run;
    size_t len, used;
    muon_error error;
    int32_t status;
    while ((status = muon_snapshot_next(s, &run, &len, connect_timeout_ms(b->args), &error)) ==
           MUON_OK) {
        if (muon_sum_add(&b->sum, run, len, INT64_MAX, &used, &error) != MUON_OK) {
            bar_hide(&b->bar);
            b->code = say_error(b->args, &error);
            return false;
        }
        if (!backup_write(w, run, len)) {
            bar_hide(&b->bar);
            b->code =
                say_failure(b->args, EXIT_FAILED, "Make room, or write elsewhere.", "%s", w->why);
            return false;
        }
        b->bar.events = (uint64_t)b->sum.events;
        b->bar.at = (uint64_t)b->sum.last_order_id;
        bar_show(&b->bar);
    }
    if (status == MUON_END)
        return true;
    bar_hide(&b->bar);
    b->code = say_error(b->args, &error);
    return false;
}

static bool is_same(struct backup *b, const muon_snapshot *s)
{
    muon_snapshot_info info;
    muon_snapshot_about(s, &info);
    if (info.sum.events == b->sum.events &&
        memcmp(info.sum.digest, b->sum.digest, MUON_DIGEST_BYTES) == 0)
        return true;
    bar_hide(&b->bar);
    b->code = say_failure(b->args, EXIT_FAILED, "Check the machines and the network, try again.",
                          "what has arrived is not what the store has sent: the digests differ");
    return false;
}

static void summary_json(const struct backup *b, const struct backup_writer *w, const char *digest,
                         double seconds)
{
    fputs("{\"file\":", stdout);
    json_string_print(stdout, w->path, strlen(w->path));
    printf(",\"events\":%lld,\"bytes\":%llu,\"after-order-id\":%lld,\"last-order-id\":%lld,"
           "\"digest\":\"%s\",\"seconds\":%.3f}\n",
           (long long)b->sum.events, (unsigned long long)w->bytes, (long long)b->since.after,
           (long long)b->sum.last_order_id, digest, seconds);
}

static void summary(const struct backup *b, const struct backup_writer *w, double seconds)
{
    char digest[HEX_DIGEST_BYTES];
    hex_digest(b->sum.digest, digest);
    if (b->args->json)
        summary_json(b, w, digest, seconds);
    else
        say_note(b->args, "%lld event%s up to order id %lld, %llu bytes, digest %s (%.1f s)",
                 (long long)b->sum.events, say_plural(b->sum.events),
                 (long long)b->sum.last_order_id, (unsigned long long)w->bytes, digest, seconds);
}

static void write_file(struct backup *b, muon_snapshot *s)
{
    struct backup_writer w;
    struct backup_head head = {0};
    muon_snapshot_info info;
    muon_snapshot_about(s, &info);
    if (is_behind(b, &info))
        return;
    snprintf(head.store_id, sizeof(head.store_id), "%s", info.store_id);
    head.incarnation = info.incarnation;
    head.after = info.after;
    head.up_to = info.up_to;
    memcpy(head.after_digest, info.after_digest, MUON_DIGEST_BYTES);
    b->sum.last_order_id = info.after;
    memcpy(b->sum.digest, info.after_digest, MUON_DIGEST_BYTES);
    b->bar.from = (uint64_t)info.after;
    b->bar.to = (uint64_t)info.up_to;
    bool ok = backup_create(&w, b->args->operands[1], &head);
    if (ok)
        ok = copy(b, s, &w) && is_same(b, s) && backup_finish(&w, &b->sum);
    double seconds = bar_end(&b->bar);
    if (ok)
        summary(b, &w, seconds);
    else if (b->code == EXIT_DONE)
        b->code = say_failure(b->args, EXIT_FAILED, "Make room, or write elsewhere.", "%s", w.why);
    backup_writer_end(&w);
}

int backup_run(const struct args *args)
{
    struct backup b = {.args = args};
    muon_client *client;
    muon_snapshot *s;
    muon_error error;
    if (args->since && (replaces_since(&b) || !read_since(&b)))
        return b.code;
    if (!connect_open(args, &client, &b.code))
        return b.code;
    bar_begin(&b.bar, args, "backed up");
    muon_snapshot_opts opts = {.after = b.since.after,
                               .store_id = args->since ? b.since.store_id : NULL,
                               .digest = args->since ? b.since.after_digest : NULL,
                               .timeout_ms = connect_timeout_ms(args)};
    if (muon_snapshot_open(client, &opts, &s, &error) == MUON_OK) {
        write_file(&b, s);
        muon_snapshot_free(s);
    } else {
        b.code = say_error(args, &error);
    }
    connect_close(client);
    return b.code;
}

/*
 * restore.c - `muon restore`: backup files, into an empty store.
 *
 * All files are read to their ends before the first event is sent, so that a damaged one does not leave half a store. The store says
 * what it has already; that much of the files is read over, and must have the same digest. So a restore that was cut off goes on, and
 * a later backup can be added to a store that nobody has written to.
 */
#include "cli/restore.h"

#include <stdio.h>
#include <string.h>

#include "cli/bar.h"
#include "cli/chain.h"
#include "cli/connect.h"
#include "cli/hex.h"
#include "cli/say.h"

struct restore {
    const struct args *args;
    struct chain_link links[ARGS_OPERANDS_MAX];
    size_t count;
    muon_import *import;
    muon_sum have; /* what the store had */
    muon_sum sum;  /* what was read */
    struct bar bar;
    int code;
};

static bool refuse_other(struct restore *r)
{
    bar_hide(&r->bar);
    r->code =
        say_failure(r->args, EXIT_CONFLICT, "Take an empty store, or the files it was begun with.",
                    "what the store holds, up to order id %lld, is not what these files hold",
                    (long long)r->have.last_order_id);
    return false;
}

/* Where the store ends, it must have the digest of the files. */
static bool is_same(struct restore *r)
{
    if (memcmp(r->sum.digest, r->have.digest, MUON_DIGEST_BYTES) == 0)
        return true;
    return refuse_other(r);
}

static bool send(struct restore *r, const uint8_t *run, size_t len)
{
    muon_error error;
    size_t used = 0;
    bool behind = r->sum.last_order_id < r->have.last_order_id;
    if (behind &&
        muon_sum_add(&r->sum, run, len, r->have.last_order_id, &used, &error) == MUON_OK) {
        if (used == len && r->sum.last_order_id < r->have.last_order_id)
            return true;
        if (r->sum.last_order_id != r->have.last_order_id)
            return refuse_other(r);
        if (!is_same(r))
            return false;
    }
    if (used == len)
        return true;
    size_t rest;
    muon_sum_add(&r->sum, run + used, len - used, INT64_MAX, &rest, &error); /* it was checked */
    if (muon_import_send(r->import, run + used, len - used, connect_timeout_ms(r->args), &error) ==
        MUON_OK)
        return true;
    bar_hide(&r->bar);
    r->code = say_error(r->args, &error);
    return false;
}

static bool send_file(struct restore *r, const struct chain_link *link)
{
    struct backup_reader file;
    const void *run;
    size_t len;
    bool ok = backup_open(&file, link->path), sent = true;
    while (ok && sent && (ok = backup_read(&file, &run, &len)) && len > 0) {
        sent = send(r, run, len);
        r->bar.events = (uint64_t)r->sum.events;
        r->bar.at = (uint64_t)r->sum.last_order_id;
        bar_show(&r->bar);
    }
    if (!ok) {
        bar_hide(&r->bar);
        r->code =
            say_failure(r->args, EXIT_BAD_INPUT,
                        "It was sound a moment ago: check the disk; then restore again, which "
                        "goes on where this has stopped.",
                        "%s", file.why);
    }
    backup_reader_end(&file);
    return ok && sent;
}

static bool begins_in_time(struct restore *r)
{
    const struct backup_head *head = &r->links[0].head;
    r->sum.last_order_id = head->after;
    memcpy(r->sum.digest, head->after_digest, MUON_DIGEST_BYTES);
    if (head->after > 0 && r->have.last_order_id < r->links[0].head.after &&
        memcmp(r->have.digest, head->after_digest, MUON_DIGEST_BYTES) != 0) {
        r->code = say_failure(r->args, EXIT_CONFLICT, "Give the files before it, too.",
                              "%s goes on behind order id %lld, and the store holds nothing up to "
                              "there",
                              r->links[0].path, (long long)head->after);
        return false;
    }
    if (r->have.last_order_id <= head->after)
        return is_same(r);
    return true;
}

static void summary(const struct restore *r, double seconds)
{
    char digest[HEX_DIGEST_BYTES];
    hex_digest(r->sum.digest, digest);
    if (r->args->json)
        printf("{\"events\":%lld,\"events-before\":%lld,\"last-order-id\":%lld,\"digest\":\"%s\","
               "\"seconds\":%.3f}\n",
               (long long)r->sum.events, (long long)r->have.events, (long long)r->sum.last_order_id,
               digest, seconds);
    else
        say_note(r->args, "%lld event%s up to order id %lld, digest %s (%.1f s)",
                 (long long)r->sum.events, say_plural(r->sum.events),
                 (long long)r->sum.last_order_id, digest, seconds);
}

static void restore_all(struct restore *r)
{
    muon_error error;
    bool ok = begins_in_time(r);
    r->bar.from = (uint64_t)r->links[0].head.after;
    r->bar.to = (uint64_t)r->links[r->count - 1].head.up_to;
    for (size_t i = 0; i < r->count && ok; i++)
        ok = send_file(r, &r->links[i]);
    if (ok && r->sum.last_order_id < r->have.last_order_id)
        ok = refuse_other(r);
    if (ok && muon_import_end(r->import, &r->sum, connect_timeout_ms(r->args), &error) != MUON_OK) {
        bar_hide(&r->bar);
        r->code = say_error(r->args, &error);
        ok = false;
    }
    double seconds = bar_end(&r->bar);
    if (ok)
        summary(r, seconds);
}

int restore_run(const struct args *args)
{
    struct restore r = {.args = args};
    muon_client *client;
    muon_error error;
    if (!chain_check(args, r.links, &r.count, &r.code) || !connect_open(args, &client, &r.code))
        return r.code;
    bar_begin(&r.bar, args, "restored");
    if (muon_import_open(client, connect_timeout_ms(args), &r.import, &r.have, &error) == MUON_OK)
        restore_all(&r);
    else
        r.code = say_error(args, &error);
    muon_import_free(r.import);
    connect_close(client);
    return r.code;
}

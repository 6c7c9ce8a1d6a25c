/*
 * follow.c - next batch, show it, write it out, until there is a reason to end.
 *
 * libmuon reconnects and resumes by itself, so that a restart of the server is seen as a pause. Ctrl-C needs no care: what has
 * been shown has been written.
 */
#include "cli/follow.h"

#include <string.h>

#include "cli/connect.h"
#include "cli/out.h"
#include "cli/say.h"
#include "cli/show.h"

static bool subscribe(const struct args *args, muon_client *client, const struct follow *follow,
                      muon_sub **sub, int *code)
{
    muon_error error;
    muon_sub_opts opts = {
        .mode = follow->mode,
        .from_kind = follow->from.kind,
        .from = follow->from.at,
        .limit = follow->mode == MUON_COLD ? follow->limit : 0,
        .types = follow->types_len ? follow->types : NULL,
        .types_len = follow->types_len,
    };
    if (muon_subscribe(client, follow->stream, &opts, sub, &error) == MUON_OK)
        return true;
    *code = say_error(args, &error);
    return false;
}

/* Show one batch. False: the end, with *code. */
static bool take_batch(const struct args *args, const struct follow *follow, struct show *show,
                       const muon_batch *batch, int *code)
{
    uint64_t room = follow->limit ? follow->limit - show->shown : UINT64_MAX;
    show_batch(show, batch, 0, room < SIZE_MAX ? (size_t)room : SIZE_MAX);
    if (!out_flush(args, code))
        return false;
    if (muon_batch_flags(batch) & MUON_BATCH_TRUNCATED)
        say_note(args, show->shown ? "-- what came next has been deleted: this is what is left --"
                                   : "-- the beginning has been deleted: this is what is left --");
    *code = EXIT_DONE;
    if (follow->limit && show->shown >= follow->limit && follow->mode != MUON_COLD)
        return false;
    if ((muon_batch_flags(batch) & MUON_BATCH_LIVE) && follow->mode != MUON_COLD)
        say_note(args, "-- live: what follows is new --");
    return true;
}

/* Nothing came for a while. A server that searches a large store for a rare event still answers; then we wait on. */
static bool still_there(const struct args *args, muon_client *client, int32_t status)
{
    return status == MUON_ETIMEDOUT && muon_ping(client, connect_timeout_ms(args), NULL) == MUON_OK;
}

int follow_run(const struct args *args, muon_client *client, const struct follow *follow)
{
    struct show show;
    muon_sub *sub;
    muon_error error;
    int code = EXIT_DONE;
    int32_t wait_ms = follow->mode == MUON_COLD ? connect_timeout_ms(args) : MUON_FOREVER;
    if (!subscribe(args, client, follow, &sub, &code))
        return code;
    show_begin(&show, args);
    for (bool more = true; more;) {
        muon_batch *batch = NULL;
        int32_t status = muon_sub_next(sub, &batch, wait_ms, &error);
        if (status == MUON_OK)
            more = take_batch(args, follow, &show, batch, &code);
        else
            more = still_there(args, client, status);
        if (status < 0 && !more)
            code = say_error(args, &error);
        muon_batch_free(batch);
    }
    muon_sub_close(sub);
    muon_sub_free(sub);
    if (show.shown == 0 && code == EXIT_DONE)
        show_nothing(args);
    return code;
}

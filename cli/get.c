/*
 * get.c - `muon get`: one event, by its place or by its name.
 */
#include "cli/get.h"

#include "cli/connect.h"
#include "cli/out.h"
#include "cli/say.h"
#include "cli/show.h"
#include "cli/which.h"

static int get_event(const struct args *args, muon_client *client, const muon_place *place)
{
    struct show show;
    muon_batch *batch;
    muon_error error;
    int code = EXIT_DONE;
    if (muon_get(client, place, connect_timeout_ms(args), &batch, &error) != MUON_OK)
        return which_fails(args, &error);
    show_begin(&show, args);
    show_batch(&show, batch, 0, 1);
    out_flush(args, &code);
    muon_batch_free(batch);
    return code;
}

int get_run(const struct args *args)
{
    muon_place place;
    muon_client *client;
    int code;
    if (!which_place(args, &place, &code) || !connect_open(args, &client, &code))
        return code;
    code = get_event(args, client, &place);
    connect_close(client);
    return code;
}

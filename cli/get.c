/*
 * get.c - `muon get`: one event, by its place or by its name.
 */
#include "cli/get.h"

#include <stdlib.h>
#include <string.h>

#include "cli/connect.h"
#include "cli/out.h"
#include "cli/say.h"
#include "cli/show.h"

static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits < 17 && text[digits] == '\0';
}

/* False: why is a sentence. */
static bool parse_place(const struct args *args, muon_place *place, const char **why)
{
    const char *first = args->operands[1];
    memset(place, 0, sizeof(*place));
    if (args->operand_count > 2) {
        place->stream = first;
        place->version = is_number(args->operands[2]) ? strtoll(args->operands[2], NULL, 10) : 0;
        *why = "a version is a number from 1";
        return place->version > 0;
    }
    if (is_number(first))
        place->order_id = strtoll(first, NULL, 10);
    else
        place->event_id = strncmp(first, "id:", 3) == 0 ? first + 3 : first;
    *why = "an order id is a number from 1, an event id a text";
    return place->order_id > 0 || (place->event_id && place->event_id[0]);
}

static int get_event(const struct args *args, muon_client *client, const muon_place *place)
{
    struct show show;
    muon_batch *batch;
    muon_error error;
    int code = EXIT_DONE;
    if (muon_get(client, place, connect_timeout_ms(args), &batch, &error) != MUON_OK)
        return say_error(args, &error);
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
    const char *why;
    int code;
    if (!parse_place(args, &place, &why))
        return say_failure(args, EXIT_USAGE, "See `muon help get`.", "%s", why);
    if (!connect_open(args, &client, &code))
        return code;
    code = get_event(args, client, &place);
    connect_close(client);
    return code;
}

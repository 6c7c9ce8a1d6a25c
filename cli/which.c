/*
 * which.c - see which.h.
 */
#include "cli/which.h"

#include <stdlib.h>
#include <string.h>

#include "cli/say.h"

static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits < 17 && text[digits] == '\0';
}

/* False: why is a sentence. */
static bool parse(const struct args *args, muon_place *place, const char **why)
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

bool which_place(const struct args *args, muon_place *place, int *code)
{
    const char *why;
    if (parse(args, place, &why))
        return true;
    *code = say_failure(args, EXIT_USAGE, "Name an order id, an event id, or STREAM VERSION.", "%s",
                        why);
    return false;
}

int which_fails(const struct args *args, const muon_error *error)
{
    bool alone = args->operand_count == 2 && !is_number(args->operands[1]);
    if (error->code != MUON_ENOENT || !alone)
        return say_error(args, error);
    return say_answer(args, EXIT_NOT_FOUND, "An event of a stream is named by STREAM VERSION.",
                      error->request_id, "%s", error->message);
}

/*
 * tail.c - `muon tail`: the end of a stream, then what is added.
 *
 * The last events are looked up by a page read backwards; the subscription then begins at the oldest of them. Nothing can
 * fall between the two: what is stored meanwhile comes after that place.
 */
#include "cli/tail.h"

#include <stdlib.h>
#include <string.h>

#include "cli/connect.h"
#include "cli/follow.h"
#include "cli/say.h"

enum { LAST_DEFAULT = 10, LAST_MAX = 10000 };

/* The order id of the oldest of the last events; 0: there is none yet, begin at the beginning. */
static bool find_begin(const struct args *args, muon_client *client, uint32_t last,
                       struct place *from, int *code)
{
    muon_error error;
    muon_batch *page;
    const char *stream = args->operands[1];
    if (muon_read(client, stream, MUON_FROM_ORDER_ID, 0, last, MUON_BACKWARDS,
                  connect_timeout_ms(args), &page, &error) != MUON_OK) {
        *code = say_error(args, &error);
        return false;
    }
    size_t count = muon_batch_count(page);
    *from = (struct place){
        .kind = MUON_FROM_ORDER_ID,
        .at = count ? muon_batch_at(page, count - 1)->order_id : 0,
        .given = true,
    };
    muon_batch_free(page);
    return true;
}

/* How many events to begin with; LAST_MAX + 1: all. */
static bool parse_last(const struct args *args, uint32_t *last)
{
    const char *text = args->last;
    *last = LAST_DEFAULT;
    if (!text)
        return true;
    if (strcmp(text, "all") == 0) {
        *last = LAST_MAX + 1;
        return true;
    }
    size_t digits = strspn(text, "0123456789");
    *last = (uint32_t)strtoul(text, NULL, 10);
    return digits > 0 && digits < 6 && !text[digits] && *last <= LAST_MAX;
}

int tail_run(const struct args *args)
{
    struct follow follow = {.stream = args->operands[1],
                            .mode = MUON_HOT_COLD,
                            .from = args->from,
                            .limit = args->limit,
                            .types = args->types,
                            .types_len = args->types_len};
    uint32_t last;
    muon_client *client;
    int code;
    if (!parse_last(args, &last))
        return say_failure(args, EXIT_USAGE, "A number up to 10000, or \"all\".",
                           "--last cannot be \"%s\"", args->last);
    if (args->last && args->from.given)
        return say_failure(args, EXIT_USAGE, "Leave one of them out.",
                           "--last and --from each say where to begin");
    if (!connect_open(args, &client, &code))
        return code;
    if (last == 0)
        follow.mode = MUON_HOT;
    bool ok = args->from.given || last == 0 || last > LAST_MAX ||
              find_begin(args, client, last, &follow.from, &code);
    if (ok)
        code = follow_run(args, client, &follow);
    connect_close(client);
    return code;
}

/*
 * read.c - `muon read`: one page of a stream.
 */
#include "cli/read.h"

#include "cli/connect.h"
#include "cli/out.h"
#include "cli/say.h"
#include "cli/show.h"

enum { PAGE_DEFAULT = 20, PAGE_MAX = 10000 };

static int show_page(const struct args *args, const muon_batch *page)
{
    struct show show;
    int code = EXIT_DONE;
    show_begin(&show, args);
    show_batch(&show, page, 0, muon_batch_count(page));
    if (show.shown == 0)
        show_nothing(args);
    out_flush(args, &code);
    return code;
}

static int read_page(const struct args *args, muon_client *client)
{
    muon_error error;
    muon_batch *page;
    uint32_t max = args->limit ? (uint32_t)args->limit : PAGE_DEFAULT;
    if (muon_read(client, args->operands[1], args->from.kind, args->from.at, max,
                  args->backwards ? MUON_BACKWARDS : 0, connect_timeout_ms(args), &page,
                  &error) != MUON_OK)
        return say_error(args, &error);
    int code = show_page(args, page);
    muon_batch_free(page);
    return code;
}

int read_run(const struct args *args)
{
    muon_client *client;
    int code;
    if (args->limit > PAGE_MAX)
        return say_failure(args, EXIT_USAGE, "`muon replay` shows any number of events.",
                           "a page holds at most %d events", PAGE_MAX);
    if (!connect_open(args, &client, &code))
        return code;
    code = read_page(args, client);
    connect_close(client);
    return code;
}

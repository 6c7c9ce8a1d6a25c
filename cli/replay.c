/*
 * replay.c - `muon replay`: what a stream holds, then the end.
 *
 * The original followed live by default and had to be stopped by hand, which no script or backup can use; here the end is the
 * default, and {"stream-type":"hot-cold"} or `muon tail` follow.
 */
#include "cli/replay.h"

#include "cli/connect.h"
#include "cli/follow.h"
#include "cli/replay-args.h"
#include "cli/say.h"

int replay_run(const struct args *args)
{
    char why[REPLAY_ARGS_WHY_BYTES];
    muon_client *client;
    int code;
    struct follow follow = {.stream = args->operands[1], .mode = MUON_COLD};
    if (args->operand_count > 2 && !replay_args_parse(args->operands[2], &follow, why))
        return say_failure(args, EXIT_USAGE, "See `muon help replay`.", "%s", why);
    if (args->from.given)
        follow.from = args->from;
    if (args->given & OPTION_LIMIT)
        follow.limit = args->limit;
    if (args->types_len) {
        follow.types = args->types;
        follow.types_len = args->types_len;
    }
    if (follow.mode == MUON_HOT && follow.from.given)
        return say_failure(args, EXIT_USAGE, "Leave the place out, or take hot-cold.",
                           "a hot replay begins now, not at a place");
    if (!connect_open(args, &client, &code))
        return code;
    code = follow_run(args, client, &follow);
    connect_close(client);
    return code;
}

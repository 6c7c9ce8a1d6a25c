/*
 * verify.c - `muon verify`: the digest of backup files, or of the running store. Whether they are the same is for whoever compares
 * them, which may be done years later: so both are said in the same words.
 */
#include "cli/verify.h"

#include <stdio.h>
#include <string.h>

#include "cli/chain.h"
#include "cli/connect.h"
#include "cli/hex.h"
#include "cli/json-string.h"
#include "cli/say.h"

/* ---- files ---- */

static void show_file(const struct args *args, const struct chain_link *link)
{
    char digest[HEX_DIGEST_BYTES];
    hex_digest(link->sum.digest, digest);
    if (!args->json) {
        printf("%s: %lld event%s ", link->path, (long long)link->sum.events,
               say_plural(link->sum.events));
        if (link->head.after)
            printf("after order id %lld ", (long long)link->head.after);
        printf("up to order id %lld, digest %s\n", (long long)link->sum.last_order_id, digest);
        return;
    }
    fputs("{\"file\":", stdout);
    json_string_print(stdout, link->path, strlen(link->path));
    printf(",\"store-id\":\"%s\",\"after-order-id\":%lld,\"events\":%lld,\"last-order-id\":%lld,"
           "\"digest\":\"%s\",\"bytes\":%llu}\n",
           link->head.store_id, (long long)link->head.after, (long long)link->sum.events,
           (long long)link->sum.last_order_id, digest, (unsigned long long)link->bytes);
}

static int verify_files(const struct args *args)
{
    struct chain_link links[ARGS_OPERANDS_MAX];
    size_t count;
    int code = EXIT_DONE;
    if (!chain_check(args, links, &count, &code))
        return code;
    for (size_t i = 0; i < count; i++)
        show_file(args, &links[i]);
    return code;
}

/* ---- the store ---- */

static int show_store(const struct args *args, const muon_snapshot_info *info)
{
    char digest[HEX_DIGEST_BYTES];
    hex_digest(info->sum.digest, digest);
    if ((args->given & OPTION_UP_TO) && info->up_to < args->up_to.at)
        return say_failure(args, EXIT_NOT_FOUND, "Leave --up-to out.",
                           "the store ends at order id %lld", (long long)info->up_to);
    if (args->json)
        printf("{\"store-id\":\"%s\",\"events\":%lld,\"last-order-id\":%lld,\"digest\":\"%s\"}\n",
               info->store_id, (long long)info->sum.events, (long long)info->sum.last_order_id,
               digest);
    else
        printf("store %s: %lld event%s up to order id %lld, digest %s\n", info->store_id,
               (long long)info->sum.events, say_plural(info->sum.events),
               (long long)info->sum.last_order_id, digest);
    return EXIT_DONE;
}

static int digest_store(const struct args *args, muon_client *client)
{
    muon_snapshot_opts opts = {
        .up_to = args->up_to.at, .digest_only = 1, .timeout_ms = connect_timeout_ms(args)};
    muon_snapshot_info info;
    muon_snapshot *s;
    muon_error error;
    const void *run;
    size_t len;
    int32_t status = muon_snapshot_open(client, &opts, &s, &error);
    if (status != MUON_OK)
        return say_error(args, &error);
    while (status == MUON_OK) /* it takes as long as reading all of it */
        status = muon_snapshot_next(s, &run, &len, MUON_FOREVER, &error);
    muon_snapshot_about(s, &info);
    int code = status == MUON_END ? show_store(args, &info) : say_error(args, &error);
    muon_snapshot_free(s);
    return code;
}

int verify_run(const struct args *args)
{
    muon_client *client;
    int code = EXIT_DONE;
    if (args->operand_count > 1 && (args->given & OPTION_UP_TO))
        return say_failure(args, EXIT_USAGE, NULL, "--up-to is for the store, not for files");
    if (args->operand_count > 1)
        return verify_files(args);
    if (!connect_open(args, &client, &code))
        return code;
    code = digest_store(args, client);
    connect_close(client);
    return code;
}

/*
 * chain.c - see chain.h.
 */
#include "cli/chain.h"

#include <string.h>

#include "cli/say.h"

static bool check_file(const struct args *args, struct chain_link *link, int *code)
{
    struct backup_reader r;
    const void *run;
    size_t len = 1;
    bool ok = backup_open(&r, link->path);
    while (ok && len > 0)
        ok = backup_read(&r, &run, &len);
    link->head = r.head;
    link->sum = r.sum;
    link->bytes = r.size;
    if (!ok)
        *code = say_failure(args, EXIT_BAD_INPUT,
                            "Take another copy of the file, or an earlier backup.", "%s", r.why);
    backup_reader_end(&r);
    return ok;
}

static bool follows(const struct args *args, const struct chain_link *a, const struct chain_link *b,
                    int *code)
{
    if (b->head.after == a->head.up_to &&
        memcmp(b->head.after_digest, a->sum.digest, MUON_DIGEST_BYTES) == 0)
        return true;
    *code =
        say_failure(args, EXIT_BAD_INPUT,
                    "Give a whole backup first, then what was made with --since, in that order.",
                    "%s does not follow upon %s, which ends at order id %lld", b->path, a->path,
                    (long long)a->head.up_to);
    return false;
}

bool chain_check(const struct args *args, struct chain_link *links, size_t *count, int *code)
{
    *count = args->operand_count - 1;
    for (size_t i = 0; i < *count; i++) {
        links[i] = (struct chain_link){.path = args->operands[i + 1]};
        if (!check_file(args, &links[i], code) ||
            (i > 0 && !follows(args, &links[i - 1], &links[i], code)))
            return false;
    }
    return true;
}

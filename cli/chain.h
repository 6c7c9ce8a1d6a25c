/*
 * chain.h - backup files that follow one upon the other: a whole one, and what came later.
 */
#ifndef MUON_CLI_CHAIN_H
#define MUON_CLI_CHAIN_H

#include "cli/args.h"
#include "cli/backup-file.h"

/* What a file is, once all of it was read. */
struct chain_link {
    const char *path;
    struct backup_head head;
    muon_sum sum;
    uint64_t bytes;
};

/* Read each of the files to its end, and see that each begins where the one before ends. False: the failure was told, with *code. links has
 * room for ARGS_OPERANDS_MAX. */
bool chain_check(const struct args *args, struct chain_link *links, size_t *count, int *code);

#endif

/*
 * verbs.h - the one table of verbs: dispatch, help and the reference in docs/cli.md come from it.
 *
 * To add a verb: a file with its run function, and a row in verbs.c.
 */
#ifndef MUON_CLI_VERBS_H
#define MUON_CLI_VERBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/args.h"

struct verb {
    const char *name;
    const char *older;    /* a name of former times; NULL: none */
    const char *operands; /* as the help writes them */
    size_t operands_min, operands_max;
    uint64_t options; /* OPTION_* that it takes, beside OPTIONS_COMMON */
    bool
        whole_name; /* a prefix of its name is not enough: what it does is for good, or for the whole store */
    const char *summary; /* a line without a full stop */
    const char *text;    /* what more there is to say: paragraphs of lines, broken for 80 columns */
    const char *examples; /* commands, one a line */
    int (*run)(const struct args *args);
};

extern const struct verb verb_rows[];
extern const size_t verb_row_count;

enum { VERBS_WHY_BYTES = 256 };

/* The verb that a word names: by its name, its older name, or an unambiguous prefix, where the original's verbs come first. NULL: why says what is wrong, with the
 * nearest guess. */
const struct verb *verbs_find(const char *word, char why[VERBS_WHY_BYTES]);

/* Does the verb take what was given? False: why is a sentence. The operands in args begin with the verb itself. */
bool verbs_accepts(const struct verb *verb, const struct args *args, char why[VERBS_WHY_BYTES]);

#endif

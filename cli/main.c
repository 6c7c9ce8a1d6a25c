/*
 * main.c - muon, the command line. A command's way: args.c sorts its words, verbs.c finds the verb, the verb's own file does
 * the work, out.c makes sure that the answer has been written, exits.h says with which code it ends.
 */
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/help.h"
#include "cli/out.h"
#include "cli/say.h"
#include "cli/verbs.h"

static int print_version(void)
{
    uint32_t library = muon_version();
    printf("muon, with libmuon %u.%u.%u\n", library / 10000, library / 100 % 100, library % 100);
    return EXIT_DONE;
}

static int run_verb(const struct args *args)
{
    char why[VERBS_WHY_BYTES];
    const struct verb *verb = verbs_find(args->operands[0], why);
    if (!verb)
        return say_failure(args, EXIT_USAGE, "`muon help` lists the verbs.", "%s", why);
    if (args->help) {
        help_print_verb(stdout, verb);
        return EXIT_DONE;
    }
    if (!verbs_accepts(verb, args, why)) {
        char advice[64];
        snprintf(advice, sizeof(advice), "See `muon help %s`.", verb->name);
        return say_failure(args, EXIT_USAGE, advice, "%s", why);
    }
    return verb->run(args);
}

static int run(const struct args *args)
{
    if (args->version)
        return print_version();
    if (args->operand_count > 0)
        return run_verb(args);
    if (args->help) {
        help_print(stdout);
        return EXIT_DONE;
    }
    help_print(stderr);
    return EXIT_USAGE;
}

/* Was JSON asked for, behind the word that is wrong? Then the failure is told in JSON, too. */
static bool asks_for_json(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--json") == 0 || strcmp(argv[i], "-j") == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    struct args args;
    char why[ARGS_WHY_BYTES];
    int code;
    out_init();
    if (args_parse(&args, argv + 1, argc > 0 ? (size_t)argc - 1 : 0, why)) {
        code = run(&args);
    } else {
        args.json = asks_for_json(argc, argv);
        code = say_failure(&args, EXIT_USAGE, NULL, "%s", why);
    }
    int output_code;
    if (!out_flush(&args, &output_code) && code == EXIT_DONE)
        code = output_code;
    return code;
}

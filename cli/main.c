/*
 * main.c - muon, the command line. A command's way: args.c sorts its words, verbs.c finds the verb, the verb's own file does
 * the work, out.c makes sure that the answer has been written, exits.h says with which code it ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/format.h"
#include "cli/help.h"
#include "cli/out.h"
#include "cli/say.h"
#include "cli/verbs.h"

static int print_version(const struct args *args)
{
    uint32_t library = muon_version();
    printf(args->json ? "{\"libmuon\":\"%u.%u.%u\"}\n" : "muon, with libmuon %u.%u.%u\n",
           library / 10000, library / 100 % 100, library % 100);
    return EXIT_DONE;
}

static int run_with_format(const struct args *given, const struct verb *verb)
{
    static struct format format; /* large */
    struct args args = *given;
    char why[FORMAT_WHY_BYTES];
    const struct shape *shape = shape_of_records(verb->name);
    if (args.json || args.raw)
        return say_failure(&args, EXIT_USAGE, "Leave one of them out.",
                           "--format and --%s each say what is printed",
                           args.json ? "json" : "raw");
    args.format = &format;
    if (format_parse(&format, args.format_text, shape, why))
        return verb->run(&args);
    char *fields = format_fields(shape);
    int code = say_failure(&args, EXIT_USAGE, fields, "%s", why);
    free(fields);
    return code;
}

static int run_verb(const struct args *args)
{
    char why[VERBS_WHY_BYTES];
    const struct verb *verb = verbs_find(args->operands[0], why);
    if (!verb)
        return say_failure(args, EXIT_USAGE, "`muon help` lists the verbs.", "%s", why);
    if (args->help)
        return help_show(args, verb);
    if (!verbs_accepts(verb, args, why)) {
        char advice[64];
        snprintf(advice, sizeof(advice), "See `muon help %s`.", verb->name);
        return say_failure(args, EXIT_USAGE, advice, "%s", why);
    }
    return args->format_text ? run_with_format(args, verb) : verb->run(args);
}

static int run(const struct args *args)
{
    if (args->no_color)
        say_set_colour("never");
    else if (args->color && !say_set_colour(args->color))
        return say_failure(args, EXIT_USAGE, "One of always, never, auto.",
                           "--color cannot be \"%s\"", args->color);
    if (args->version)
        return print_version(args);
    if (args->operand_count > 0)
        return run_verb(args);
    if (args->help)
        return help_show(args, NULL);
    if (args->json)
        return say_failure(args, EXIT_USAGE, "`muon help` lists the verbs.",
                           "something is missing: muon VERB");
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

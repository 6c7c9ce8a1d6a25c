/*
 * help.h - the help, made from the tables of verbs, options and exit codes.
 */
#ifndef MUON_CLI_HELP_H
#define MUON_CLI_HELP_H

#include <stdio.h>

#include "cli/verbs.h"

/* What there is: verbs, options that all take, exit codes. */
void help_print(FILE *out);

/* How one verb is used. */
void help_print_verb(FILE *out, const struct verb *verb);

/* All of it: as Markdown, for docs/cli.md; as a manual page, muon(1). */
void help_print_markdown(FILE *out);
void help_print_man(FILE *out);

/* The tables for programs: all verbs, options and exit codes; or only one verb and the options that it takes. */
void help_print_json(FILE *out, const struct verb *only);

/* What there is, or how one verb is used (NULL: all), in the form that was asked for. Returns the exit code. */
int help_show(const struct args *args, const struct verb *verb);

/* The verb `muon help`. */
int help_run(const struct args *args);

#endif

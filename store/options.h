/*
 * options.h - photond's command line: its verbs, and the flags of each. The flags for settings come from the table.
 */
#ifndef PHOTON_OPTIONS_H
#define PHOTON_OPTIONS_H

#include <stdio.h>

#include "store/init.h"
#include "store/pki.h"
#include "store/settings.h"

enum verb {
    VERB_RUN, /* also when none is given */
    VERB_INIT,
    VERB_CERT,
    VERB_VERIFY,
    VERB_CONFIG,
    VERB_CHECK_CONFIG,
    VERB_COUNT
};

enum config_form {
    CONFIG_VALUES,     /* what is in force */
    CONFIG_EXAMPLE,    /* --example: a commented file */
    CONFIG_SETTINGS,   /* --markdown: the reference of settings */
    CONFIG_EXIT_CODES, /* --exit-codes: the reference of exit codes, likewise */
    CONFIG_METRICS     /* --metrics: the reference of metrics */
};

enum { OPTIONS_FLAGS_MAX = 128, OPTIONS_CLIENTS_MAX = 16 };
struct options {
    enum verb verb;
    const char *config_file; /* NULL: none */
    struct {
        enum setting setting;
        const char *text;
    } flags[OPTIONS_FLAGS_MAX]; /* in the order given */
    size_t flags_len;
    enum config_form form;
    struct init_options init; /* its arrays are the next two */
    const char *names[PKI_NAMES_MAX];
    const char *clients[OPTIONS_CLIENTS_MAX];
    const char *client; /* VERB_CERT; NULL: the server */
};

/* Texts are argv's. Prints and exits by itself for --help, --version and a wrong command line (EXIT_CODE_USAGE). */
void options_parse(struct options *options, int argc, char **argv);

/* The settings in force: flags, environment, file, defaults, and whether they fit together. Returns the number of faults, each a line in
 * `faults`; settings are initialised in any case. May be called again, to read anew. */
unsigned options_settings(const struct options *options, struct settings *settings, FILE *faults);

/* The same for a process that starts: faults go to standard error. EXIT_CODE_OK, EXIT_CODE_CONFIG or EXIT_CODE_FAILED; settings are
 * initialised in any case. */
enum exit_code options_load(const struct options *options, struct settings *settings);

#endif

/*
 * options.c - see options.h.
 *
 * The verb, if there is one, is the first word; each verb then has an argp parser of its own, so that `photond init --help` shows what
 * init takes and nothing else.
 */
#include "store/options.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/config.h"
#include "store/exit_codes.h"
#include "store/nearest.h"

enum {
    KEY_CONFIG = 'c',
    KEY_NAME = 'n',
    KEY_CLIENT = 'C',
    KEY_LISTEN = 'l',
    KEY_FORCE = 'f',
    KEY_EXAMPLE = 0x400,
    KEY_MARKDOWN,
    KEY_EXIT_CODES,
    KEY_METRICS,
    KEY_SETTING = 0x1000 /* and the setting's number on top */
};

static const struct verb_def {
    const char *name, *args, *short_doc, *doc;
} VERBS[VERB_COUNT] = {
    [VERB_RUN] = {"run", "", "serve the store (when no verb is given, too)",
                  "Serve the store until SIGTERM or SIGINT. SIGHUP reads certificates and some of "
                  "the settings again."},
    [VERB_INIT] = {"init", "DIR", "make a directory with settings and certificates",
                   "Make a directory with settings, a certificate authority, and certificates for "
                   "the server and for clients; then `photond --config DIR/photond.conf` starts."},
    [VERB_CERT] = {"cert", "DIR client NAME\nDIR server", "issue one more certificate",
                   "Issue one more client certificate, or the server's anew, with the authority "
                   "that init made."},
    [VERB_VERIFY] = {"verify", "", "check every record of a store that is not running",
                     "Check every record and every index of a store that is not running. Nothing "
                     "is changed."},
    [VERB_CONFIG] = {"config", "", "show each setting's value and where it came from",
                     "Show the value of every setting, where it came from and what it may be."},
    [VERB_CHECK_CONFIG] = {"check-config", "", "check settings and certificates, start nothing",
                           "Check settings and certificates as run would, and start nothing."},
};

static const char VERSION[] = "photond " MUON_BUILD_VERSION;
static const char CONTACT[] =
    "\vA setting is given as a flag, in the environment (PHOTOND_DRAIN_TIME for --drain-time) or "
    "in "
    "the file, in this order of strength. `photond config --example` prints a commented file.";

/* ---- settings ---- */
static const char *arg_name(const struct setting_def *def)
{
    switch (def->kind) {
    case SETTING_KIND_PATH:
        return "PATH";
    case SETTING_KIND_LIST:
        return "TEXT,...";
    case SETTING_KIND_NUMBER:
        return "N";
    case SETTING_KIND_SIZE:
        return "SIZE";
    case SETTING_KIND_TIME:
        return "TIME";
    case SETTING_KIND_CHOICE:
        return def->choices;
    case SETTING_KIND_SWITCH:
        break;
    }
    return "yes|no";
}

static void add_flag(struct options *options, enum setting setting, const char *text,
                     struct argp_state *state)
{
    if (options->flags_len == OPTIONS_FLAGS_MAX)
        argp_error(state, "more than %d flags", OPTIONS_FLAGS_MAX);
    options->flags[options->flags_len].setting = setting;
    options->flags[options->flags_len++].text = text;
}

static error_t parse_setting(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    if (key == KEY_CONFIG) {
        options->config_file = arg;
        return 0;
    }
    if (key < KEY_SETTING || key >= KEY_SETTING + SETTING_COUNT)
        return ARGP_ERR_UNKNOWN;
    add_flag(options, (enum setting)(key - KEY_SETTING), arg ? arg : "yes", state);
    return 0;
}

enum { SETTING_ROWS = 2 * SETTING_COUNT + 2, SETTING_DOC_MAX = 400 };

/* From the table, once; argp keeps the pointers. */
static const struct argp *settings_argp(void)
{
    static struct argp_option rows[SETTING_ROWS];
    static char docs[SETTING_COUNT][SETTING_DOC_MAX];
    static struct argp argp = {.options = rows, .parser = parse_setting};
    struct argp_option *row = rows;
    int group = 1;
    *row++ = (struct argp_option){
        "config", KEY_CONFIG, "FILE", 0, "Read settings from this file (or PHOTOND_CONFIG)", group};
    for (int i = 0; i < SETTING_COUNT; i++) {
        const struct setting_def *def = setting_def((enum setting)i);
        if (def->group)
            *row++ = (struct argp_option){.doc = def->group, .group = ++group};
        snprintf(docs[i], sizeof docs[i], "%s%s%s%s", def->help,
                 def->fallback[0] ? " (default: " : "", def->fallback, def->fallback[0] ? ")" : "");
        *row++ = (struct argp_option){
            def->name,     KEY_SETTING + i,
            arg_name(def), def->kind == SETTING_KIND_SWITCH ? OPTION_ARG_OPTIONAL : 0,
            docs[i],       group};
    }
    *row = (struct argp_option){0};
    return &argp;
}

/* ---- verbs ---- */
static error_t parse_no_args(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = options;
        return 0;
    case ARGP_KEY_ARG:
        for (size_t i = 0; i < VERB_COUNT; i++) {
            if (strcmp(VERBS[i].name, arg) == 0)
                argp_error(state, "the verb comes first: photond %s ...", arg);
        }
        argp_error(state, "\"%s\" is one word too many", arg);
        return 0;
    case KEY_EXAMPLE:
        options->form = CONFIG_EXAMPLE;
        return 0;
    case KEY_MARKDOWN:
        options->form = CONFIG_SETTINGS;
        return 0;
    case KEY_EXIT_CODES:
        options->form = CONFIG_EXIT_CODES;
        return 0;
    case KEY_METRICS:
        options->form = CONFIG_METRICS;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void add_text(const char **list, size_t *len, size_t max, const char *text,
                     struct argp_state *state)
{
    if (*len == max)
        argp_error(state, "more than %zu of them, at \"%s\"", max, text);
    list[(*len)++] = text;
}

static error_t parse_init(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    struct init_options *init = &options->init;
    switch (key) {
    case KEY_NAME:
        add_text(options->names, &init->names_len, PKI_NAMES_MAX, arg, state);
        return 0;
    case KEY_CLIENT:
        add_text(options->clients, &init->clients_len, OPTIONS_CLIENTS_MAX, arg, state);
        return 0;
    case KEY_LISTEN:
        init->listen = arg;
        return 0;
    case KEY_FORCE:
        init->force = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "\"%s\" is one word too many", arg);
        init->dir = arg;
        return 0;
    case ARGP_KEY_END:
        if (!init->dir)
            argp_error(state, "name a directory to make: photond init DIR");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void take_cert_word(struct options *options, const char *arg, struct argp_state *state)
{
    if (state->arg_num == 0)
        options->init.dir = arg;
    else if (state->arg_num == 1 && strcmp(arg, "client") != 0 && strcmp(arg, "server") != 0)
        argp_error(state, "\"%s\" is neither \"client\" nor \"server\"", arg);
    else if (state->arg_num == 1)
        options->client = strcmp(arg, "client") == 0 ? "" : NULL;
    else if (state->arg_num == 2 && options->client)
        options->client = arg;
    else
        argp_error(state, "\"%s\" is one word too many", arg);
}

static error_t parse_cert(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case KEY_NAME:
    case KEY_FORCE:
        return parse_init(key, arg, state);
    case ARGP_KEY_ARG:
        take_cert_word(options, arg, state);
        return 0;
    case ARGP_KEY_END:
        if (state->arg_num < 2 || (options->client && !options->client[0]))
            argp_error(state, "say for whom: photond cert DIR client NAME, or photond cert DIR "
                              "server");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option CONFIG_ROWS[] = {
    {"example", KEY_EXAMPLE, NULL, 0, "Print a commented file with every setting", 0},
    {"markdown", KEY_MARKDOWN, NULL, 0, "Print the reference of settings, in Markdown", 0},
    {"exit-codes", KEY_EXIT_CODES, NULL, 0, "Print the table of exit codes, in Markdown", 0},
    {"metrics", KEY_METRICS, NULL, 0, "Print the table of metrics, in Markdown", 0},
    {0}};
static const struct argp_option INIT_ROWS[] = {
    {"name", KEY_NAME, "HOST", 0,
     "The server can also be reached as this host name or IP address (may be given again)", 0},
    {"client", KEY_CLIENT, "NAME", 0,
     "Make a certificate for this client (may be given again; default: client)", 0},
    {"listen", KEY_LISTEN, "ADDRESS,...", 0, "Write this into the settings", 0},
    {"force", KEY_FORCE, NULL, 0, "Replace what is there; old certificates are kept beside it", 0},
    {0}};
static const struct argp_option CERT_ROWS[] = {
    {"name", KEY_NAME, "HOST", 0, "One more name of the server (may be given again)", 0},
    {"force", KEY_FORCE, NULL, 0, "Replace a certificate that is there; its key stays", 0},
    {0}};

/* The help of `photond` itself: what it is, and the verbs. */
static char *main_doc(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return NULL; /* no memory: then there is no help, and the settings will say so */
    fprintf(out, "The Muon event store.\n\nVerbs (photond VERB --help tells more):\n");
    for (size_t i = 0; i < VERB_COUNT; i++)
        fprintf(out, "  %-13s %s\n", VERBS[i].name, VERBS[i].short_doc);
    fputs(CONTACT, out);
    fclose(out);
    return text;
}

/* The end of a sentence, and of the program. guess: NULL: none. */
static _Noreturn void end_with_advice(const char *prefix, const char *guess)
{
    if (guess)
        fprintf(stderr, "did you mean %s%s?\n", prefix, guess);
    else
        fprintf(stderr, "photond --help shows those there are\n");
    exit(EXIT_CODE_USAGE);
}

static enum verb find_verb(const char *word)
{
    const char *names[VERB_COUNT];
    for (size_t i = 0; i < VERB_COUNT; i++) {
        names[i] = VERBS[i].name;
        if (strcmp(word, names[i]) == 0)
            return (enum verb)i;
    }
    const char *guess = nearest(word, names, VERB_COUNT);
    fprintf(stderr, "photond: there is no verb \"%s\"; ", word);
    end_with_advice("", guess);
}

/* argp says of an unknown flag only that it is. So they are looked at first: all that begin with the prefix. */
static size_t add_names(const struct argp_option *rows, const char *prefix, const char **names,
                        size_t len)
{
    for (; rows && (rows->name || rows->key || rows->doc || rows->group); rows++) {
        if (rows->name && strncmp(rows->name, prefix, strlen(prefix)) == 0)
            names[len++] = rows->name;
    }
    return len;
}

static size_t flag_names(const struct argp *argp, const char *prefix, const char **names)
{
    static const struct argp_option OWN[] = {
        {.name = "help"}, {.name = "usage"}, {.name = "version"}, {0}};
    size_t len = add_names(OWN, prefix, names, 0);
    len = add_names(argp->options, prefix, names, len);
    return argp->children ? add_names(argp->children[0].argp->options, prefix, names, len) : len;
}

static void check_flag(const struct argp *argp, const char *flag)
{
    const char *names[SETTING_COUNT + 16];
    char word[SETTING_NAME_MAX];
    snprintf(word, sizeof word, "%.*s", (int)strcspn(flag, "="), flag);
    if (flag_names(argp, word, names) > 0)
        return; /* argp takes abbreviations */
    const char *guess = nearest(word, names, flag_names(argp, "", names));
    fprintf(stderr, "photond: there is no flag --%s; ", word);
    end_with_advice("--", guess);
}

static void check_flags(const struct argp *argp, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--", 2) == 0 && argv[i][2] != '=')
            check_flag(argp, argv[i] + 2);
    }
}

void options_parse(struct options *options, int argc, char **argv)
{
    static char called[64];
    bool has_verb = argc > 1 && argv[1][0] != '-';
    *options = (struct options){.verb = has_verb ? find_verb(argv[1]) : VERB_RUN};
    options->init.names = options->names;
    options->init.clients = options->clients;
    const struct verb_def *verb = &VERBS[options->verb];
    char *doc = has_verb ? strdup(verb->doc) : main_doc();
    const struct argp_child children[] = {{.argp = settings_argp()}, {0}};
    struct argp argp = {.args_doc = has_verb ? verb->args : "", .doc = doc};
    if (options->verb == VERB_INIT || options->verb == VERB_CERT) {
        argp.options = options->verb == VERB_INIT ? INIT_ROWS : CERT_ROWS;
        argp.parser = options->verb == VERB_INIT ? parse_init : parse_cert;
    } else {
        argp.options = options->verb == VERB_CONFIG ? CONFIG_ROWS : NULL;
        argp.parser = parse_no_args;
        argp.children = children;
    }
    snprintf(called, sizeof called, "photond%s%s", has_verb ? " " : "", has_verb ? verb->name : "");
    argv[has_verb] = called;
    argp_program_version = VERSION;
    argp_err_exit_status = EXIT_CODE_USAGE;
    check_flags(&argp, argc - has_verb, argv + has_verb);
    /* Of what is wrong with them argp tells itself, and ends. */
    if (argp_parse(&argp, argc - has_verb, argv + has_verb, 0, NULL, options) != 0) {
        fputs("photond: no memory to read the arguments\n", stderr);
        exit(EXIT_CODE_FAILED);
    }
    free(doc);
    if (!options->config_file)
        options->config_file = getenv("PHOTOND_CONFIG");
}

unsigned options_settings(const struct options *options, struct settings *settings, FILE *faults)
{
    unsigned n = 0;
    if (!settings_init(settings)) {
        *settings = (struct settings){0};
        fprintf(faults, "no memory\n");
        return 1;
    }
    for (size_t i = 0; i < options->flags_len; i++) {
        enum setting setting = options->flags[i].setting;
        char place[SETTING_NAME_MAX + 2], *fault = NULL;
        snprintf(place, sizeof place, "--%s", setting_def(setting)->name);
        if (settings_set(settings, setting, options->flags[i].text, ORIGIN_FLAG, place, &fault))
            continue;
        fprintf(faults, "--%s\n", fault ? fault : "no memory");
        free(fault);
        n++;
    }
    n += config_read_environment(settings, environ, faults);
    if (options->config_file)
        n += config_read_file(settings, options->config_file, faults);
    /* The rules are about values; while some of them are wrong, what they would say misleads. */
    return n > 0 ? n : config_check(settings, faults);
}

enum exit_code options_load(const struct options *options, struct settings *settings)
{
    char *text = NULL;
    size_t len = 0;
    FILE *faults = open_memstream(&text, &len);
    *settings = (struct settings){0};
    if (!faults) {
        fputs("photond: no memory to read the settings\n", stderr);
        return EXIT_CODE_FAILED;
    }
    unsigned n = options_settings(options, settings, faults);
    fclose(faults);
    if (!text)
        fputs("photond: no memory to say what is wrong with the settings\n", stderr);
    for (char *line = text ? strtok(text, "\n") : NULL; line; line = strtok(NULL, "\n"))
        fprintf(stderr, "photond: %s\n", line);
    free(text);
    return n == 0 ? EXIT_CODE_OK : EXIT_CODE_CONFIG;
}

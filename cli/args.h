/*
 * args.h - what the command line says: the one table of options, and the words of a command sorted by it.
 */
#ifndef MUON_CLI_ARGS_H
#define MUON_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "muon/muon.h"

enum { ARGS_OPERANDS_MAX = 4, ARGS_TYPES_MAX = 64, ARGS_TAGS_BYTES = 512, ARGS_WHY_BYTES = 256 };

/* A place in a stream to begin at. */
struct place {
    int32_t kind; /* MUON_FROM_* */
    int64_t at;
    bool given;
};

/* All that options can say. What was not given is zero, or the default that the table names. */
struct args {
    /* every verb */
    const char *server, *certs, *ca, *cert, *key;
    int64_t timeout_ms;
    bool json, quiet, help, version;
    /* verbs that show events */
    bool raw, backwards;
    struct place from;
    uint64_t limit;
    const char *types[ARGS_TYPES_MAX];
    size_t types_len;
    const char *last; /* tail: a number or "all" */
    /* verbs that change something */
    const char *expect; /* a version, "none" or "exists" */
    uint64_t batch;
    bool keep_going;
    /* verbs that ask services, or serve: their --type is in types, too */
    const char *service, *answer, *doc;
    char tags[ARGS_TAGS_BYTES]; /* separated by commas; "": none */
    char *const *command;       /* --exec: its words */
    size_t command_len;
    uint64_t workers, count;
    bool cold;
    /* help */
    const char *as;
    /* the words that are no options */
    const char *operands[ARGS_OPERANDS_MAX];
    size_t operand_count;
    uint32_t given; /* which options were: OPTION_* */
};

enum {
    OPTION_SERVER = 1 << 0,
    OPTION_CERTS = 1 << 1,
    OPTION_CA = 1 << 2,
    OPTION_CERT = 1 << 3,
    OPTION_KEY = 1 << 4,
    OPTION_TIMEOUT = 1 << 5,
    OPTION_JSON = 1 << 6,
    OPTION_QUIET = 1 << 7,
    OPTION_HELP = 1 << 8,
    OPTION_VERSION = 1 << 9,
    OPTION_RAW = 1 << 10,
    OPTION_BACKWARDS = 1 << 11,
    OPTION_FROM = 1 << 12,
    OPTION_FROM_VERSION = 1 << 13,
    OPTION_FROM_TIME = 1 << 14,
    OPTION_LIMIT = 1 << 15,
    OPTION_TYPE = 1 << 16,
    OPTION_LAST = 1 << 17,
    OPTION_EXPECT = 1 << 18,
    OPTION_BATCH = 1 << 19,
    OPTION_KEEP_GOING = 1 << 20,
    OPTION_AS = 1 << 21,
    OPTION_SERVICE = 1 << 22,
    OPTION_TAG = 1 << 23,
    OPTION_DOC = 1 << 24,
    OPTION_ANSWER = 1 << 25,
    OPTION_EXEC = 1 << 26,
    OPTION_WORKERS = 1 << 27,
    OPTION_COUNT = 1 << 28,
    OPTION_COLD = 1 << 29,
    OPTION_OF_SERVICES = 1 << 30, /* no option: of a verb whose options speak of services */

    OPTIONS_CONNECT =
        OPTION_SERVER | OPTION_CERTS | OPTION_CA | OPTION_CERT | OPTION_KEY | OPTION_TIMEOUT,
    OPTIONS_COMMON = OPTION_JSON | OPTION_QUIET | OPTION_HELP | OPTION_VERSION,
    OPTIONS_PLACE = OPTION_FROM | OPTION_FROM_VERSION | OPTION_FROM_TIME,
};

enum option_kind {
    KIND_FLAG,
    KIND_TEXT,
    KIND_COUNT,
    KIND_DURATION,
    KIND_ORDER_ID,
    KIND_STREAM_VERSION,
    KIND_MOMENT,
    KIND_TYPE,
    KIND_TAG,
    KIND_COMMAND /* all words behind it */
};

struct option_row {
    uint32_t bit;
    const char *name; /* without "--" */
    char letter;      /* 0: none */
    enum option_kind kind;
    const char *value; /* how its value is called in the help; NULL: it takes none */
    size_t offset;     /* where it goes, in struct args */
    const char *help;
};

extern const struct option_row option_rows[];
extern const size_t option_row_count;

/* What an option means with a verb that takes these options. */
const char *option_help(const struct option_row *option, uint32_t verb_options);

/* Sort the words (argv without the program's name). Options may stand anywhere before "--", as "--name value", "--name=value",
 * "-nvalue" or "-n value". False: why is a sentence for people. The words must outlive args. */
bool args_parse(struct args *args, char *const *words, size_t count, char why[ARGS_WHY_BYTES]);

/* An expectation as written: "none", "exists", or a version. */
bool args_expectation(const char *text, muon_expect *expect);

#endif

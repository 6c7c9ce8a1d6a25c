/*
 * args.h - what the command line says: the one table of options, and the words of a command sorted by it.
 */
#ifndef MUON_CLI_ARGS_H
#define MUON_CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "muon/muon.h"

enum { ARGS_OPERANDS_MAX = 64, ARGS_TYPES_MAX = 64, ARGS_TAGS_BYTES = 512, ARGS_WHY_BYTES = 256 };

struct format;

/* A place in a stream to begin at. */
struct place {
    int32_t kind; /* MUON_FROM_* */
    int64_t at;
    bool given;
};

/* All that options can say. What was not given is zero, or the default that the table names. */
struct args {
    /* every verb */
    const char *context, *server, *certs, *ca, *cert, *key;
    int64_t timeout_ms;
    bool json, quiet, no_color, help, version;
    const char *color; /* "auto", "always" or "never"; NULL: auto */
    const char *format_text;
    const struct format *format; /* that text, once the verb is known; NULL: none was given */
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
    uint64_t before; /* a version */
    bool tombstone, deleted;
    int64_t max_age_ms;
    uint64_t max_count;
    /* verbs that ask services, or serve: their --type is in types, too */
    const char *service, *answer, *doc;
    char tags[ARGS_TAGS_BYTES]; /* separated by commas; "": none */
    char *const *command;       /* --exec: its words */
    size_t command_len;
    uint64_t workers, count;
    const char *caused_by;
    bool cold;
    /* verbs that deal with the whole history */
    const char *since;
    struct place up_to;
    bool watch;
    /* verbs that measure */
    uint64_t rate, in_flight, streams, payload;
    int64_t duration_ms;
    bool remove;
    /* help */
    const char *as;
    /* the words that are no options */
    const char *operands[ARGS_OPERANDS_MAX];
    size_t operand_count;
    uint64_t given; /* which options were: OPTION_* */
};

/* Which option, as bits. */
#define OPTION_SERVER       (UINT64_C(1) << 0)
#define OPTION_CERTS        (UINT64_C(1) << 1)
#define OPTION_CA           (UINT64_C(1) << 2)
#define OPTION_CERT         (UINT64_C(1) << 3)
#define OPTION_KEY          (UINT64_C(1) << 4)
#define OPTION_TIMEOUT      (UINT64_C(1) << 5)
#define OPTION_JSON         (UINT64_C(1) << 6)
#define OPTION_QUIET        (UINT64_C(1) << 7)
#define OPTION_HELP         (UINT64_C(1) << 8)
#define OPTION_VERSION      (UINT64_C(1) << 9)
#define OPTION_RAW          (UINT64_C(1) << 10)
#define OPTION_BACKWARDS    (UINT64_C(1) << 11)
#define OPTION_FROM         (UINT64_C(1) << 12)
#define OPTION_FROM_VERSION (UINT64_C(1) << 13)
#define OPTION_FROM_TIME    (UINT64_C(1) << 14)
#define OPTION_LIMIT        (UINT64_C(1) << 15)
#define OPTION_TYPE         (UINT64_C(1) << 16)
#define OPTION_LAST         (UINT64_C(1) << 17)
#define OPTION_EXPECT       (UINT64_C(1) << 18)
#define OPTION_BATCH        (UINT64_C(1) << 19)
#define OPTION_KEEP_GOING   (UINT64_C(1) << 20)
#define OPTION_AS           (UINT64_C(1) << 21)
#define OPTION_SERVICE      (UINT64_C(1) << 22)
#define OPTION_TAG          (UINT64_C(1) << 23)
#define OPTION_DOC          (UINT64_C(1) << 24)
#define OPTION_ANSWER       (UINT64_C(1) << 25)
#define OPTION_EXEC         (UINT64_C(1) << 26)
#define OPTION_WORKERS      (UINT64_C(1) << 27)
#define OPTION_COUNT        (UINT64_C(1) << 28)
#define OPTION_COLD         (UINT64_C(1) << 29)
#define OPTION_BEFORE       (UINT64_C(1) << 40)
#define OPTION_TOMBSTONE    (UINT64_C(1) << 41)
#define OPTION_DELETED      (UINT64_C(1) << 42)
#define OPTION_MAX_AGE      (UINT64_C(1) << 43)
#define OPTION_MAX_COUNT    (UINT64_C(1) << 44)
#define OPTION_SINCE        (UINT64_C(1) << 45)
#define OPTION_UP_TO        (UINT64_C(1) << 46)
#define OPTION_OF_SERVICES                                                                         \
    (UINT64_C(1) << 30) /* no option: of a verb whose options speak of services */
#define OPTION_CONTEXT   (UINT64_C(1) << 31)
#define OPTION_WATCH     (UINT64_C(1) << 32)
#define OPTION_RATE      (UINT64_C(1) << 33)
#define OPTION_DURATION  (UINT64_C(1) << 34)
#define OPTION_IN_FLIGHT (UINT64_C(1) << 35)
#define OPTION_STREAMS   (UINT64_C(1) << 36)
#define OPTION_PAYLOAD   (UINT64_C(1) << 37)
#define OPTION_REMOVE    (UINT64_C(1) << 38)
#define OPTION_CAUSED_BY (UINT64_C(1) << 60)
#define OPTION_NO_COLOR  (UINT64_C(1) << 61)
#define OPTION_COLOR     (UINT64_C(1) << 62)
#define OPTION_FORMAT    (UINT64_C(1) << 63)

#define OPTIONS_WHERE                                                                              \
    (OPTION_CONTEXT | OPTION_SERVER | OPTION_CERTS | OPTION_CA | OPTION_CERT | OPTION_KEY)
#define OPTIONS_CONNECT (OPTIONS_WHERE | OPTION_TIMEOUT)
#define OPTIONS_COMMON                                                                             \
    (OPTION_JSON | OPTION_QUIET | OPTION_COLOR | OPTION_NO_COLOR | OPTION_HELP | OPTION_VERSION)
#define OPTIONS_PLACE (OPTION_FROM | OPTION_FROM_VERSION | OPTION_FROM_TIME)

enum option_kind {
    KIND_FLAG,
    KIND_TEXT,
    KIND_COUNT,
    KIND_DURATION,
    KIND_AGE, /* a duration, also one of years */
    KIND_ORDER_ID,
    KIND_STREAM_VERSION,
    KIND_MOMENT,
    KIND_TYPE,
    KIND_TAG,
    KIND_COMMAND /* all words behind it */
};

struct option_row {
    uint64_t bit;
    const char *name; /* without "--" */
    char letter;      /* 0: none */
    enum option_kind kind;
    const char *value; /* how its value is called in the help; NULL: it takes none */
    size_t offset;     /* where it goes, in struct args */
    const char *help;
};

extern const struct option_row option_rows[];
extern const size_t option_row_count;

/* The next option, in the table's order, that is among these bits; after NULL: the first. NULL: there are no more. */
const struct option_row *option_next(const struct option_row *after, uint64_t bits);

/* What an option means with a verb that takes these options. */
const char *option_help(const struct option_row *option, uint64_t verb_options);

/* Sort the words (argv without the program's name). Options may stand anywhere before "--", as "--name value", "--name=value",
 * "-nvalue" or "-n value". False: why is a sentence for people. The words must outlive args. */
bool args_parse(struct args *args, char *const *words, size_t count, char why[ARGS_WHY_BYTES]);

/* An expectation as written: "none", "exists", or a version. */
bool args_expectation(const char *text, muon_expect *expect);

#endif

/*
 * args.c - the table of options and the parser that is driven by it.
 *
 * The words are sorted before the verb is known, since options may stand before it; which verb takes which option is checked
 * afterwards (verbs.h).
 */
#include "cli/args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/guess.h"
#include "cli/time-text.h"

#define AT(member) offsetof(struct args, member)

const struct option_row option_rows[] = {
    {OPTION_CONTEXT, "context", 0, KIND_TEXT, "NAME", AT(context),
     "the server of this name, see `muon context`; default: $MUON_CONTEXT, else the one in use; "
     "none: no context"},
    {OPTION_SERVER, "server", 's', KIND_TEXT, "URL", AT(server),
     "muon://host:port, or muon+insecure://host:port without TLS; default: $MUON_URL, else the "
     "context's, else muon://localhost:10566"},
    {OPTION_CERTS, "certs", 0, KIND_TEXT, "DIR", AT(certs),
     "folder with ca.crt, client.crt and client.key, or one that `photond init` made; default: "
     "$MUON_CERTS, else the context's, else ~/.config/muon"},
    {OPTION_CA, "ca", 0, KIND_TEXT, "FILE", AT(ca),
     "certificate that the server's is signed by; default: $MUON_CA"},
    {OPTION_CERT, "cert", 0, KIND_TEXT, "FILE", AT(cert), "your certificate; default: $MUON_CERT"},
    {OPTION_KEY, "key", 0, KIND_TEXT, "FILE", AT(key),
     "your certificate's private key; default: $MUON_KEY"},
    {OPTION_TIMEOUT, "timeout", 't', KIND_DURATION, "TIME", AT(timeout_ms),
     "how long to wait for an answer: 500ms, 5s, 2m; default: 30s"},
    {OPTION_RAW, "raw", 'r', KIND_FLAG, NULL, AT(raw),
     "one event a line as JSON, payloads byte for byte"},
    {OPTION_FROM, "from", 'f', KIND_ORDER_ID, "ORDER-ID", AT(from),
     "begin at the first event whose order id is not smaller"},
    {OPTION_FROM_VERSION, "from-version", 0, KIND_STREAM_VERSION, "VERSION", AT(from),
     "begin at this version of the stream; not with a pattern"},
    {OPTION_FROM_TIME, "from-time", 0, KIND_MOMENT, "TIME", AT(from),
     "begin at the first event not before: 2026-11-23T16:18Z, milliseconds since 1970, or 10m for "
     "ten minutes ago"},
    {OPTION_LIMIT, "limit", 'l', KIND_COUNT, "N", AT(limit), "end after N events"},
    {OPTION_TYPE, "type", 0, KIND_TYPE, "TYPE", AT(types),
     "only events of this type; may be given several times"},
    {OPTION_BACKWARDS, "backwards", 'b', KIND_FLAG, NULL, AT(backwards), "the newest first"},
    {OPTION_LAST, "last", 'n', KIND_TEXT, "N", AT(last),
     "how many stored events to begin with, or \"all\"; default: 10"},
    {OPTION_EXPECT, "expect", 0, KIND_TEXT, "WHAT", AT(expect),
     "only if the stream's last version is this number; or \"none\": it holds no event, or "
     "\"exists\""},
    {OPTION_BATCH, "batch", 0, KIND_COUNT, "N", AT(batch),
     "store N lines at a time, all of them or none (1 to 1000); default: 1"},
    {OPTION_KEEP_GOING, "keep-going", 'k', KIND_FLAG, NULL, AT(keep_going),
     "name the lines that are refused and go on behind them"},
    {OPTION_BEFORE, "before", 0, KIND_COUNT, "VERSION", AT(before),
     "only the events of lower versions"},
    {OPTION_TOMBSTONE, "tombstone", 0, KIND_FLAG, NULL, AT(tombstone),
     "for good: the stream never takes an event again"},
    {OPTION_DELETED, "deleted", 0, KIND_FLAG, NULL, AT(deleted),
     "also the streams that hold no event any more"},
    {OPTION_MAX_AGE, "max-age", 0, KIND_AGE, "TIME", AT(max_age_ms),
     "delete what was stored longer ago: 12h, 30d"},
    {OPTION_MAX_COUNT, "max-count", 0, KIND_COUNT, "N", AT(max_count),
     "keep the newest N events of each stream"},
    {OPTION_CAUSED_BY, "caused-by", 0, KIND_TEXT, "EVENT", AT(caused_by),
     "the event that has led to it: an event id or an order id"},
    {OPTION_SERVICE, "service", 0, KIND_TEXT, "NAME", AT(service),
     "the service's name, when it does not stand before the path"},
    {OPTION_TAG, "tag", 0, KIND_TAG, "WORD", AT(tags),
     "a word by which `muon discover tag:WORD` finds the service; may be given several times"},
    {OPTION_DOC, "doc", 0, KIND_TEXT, "TEXT", AT(doc), "one line for `muon introspect`"},
    {OPTION_ANSWER, "answer", 'a', KIND_TEXT, "JSON", AT(answer), "the answer to every request"},
    {OPTION_EXEC, "exec", 0, KIND_COMMAND, "COMMAND [ARG…]", AT(command),
     "run this for each request; all words behind it belong to it"},
    {OPTION_WORKERS, "workers", 'w', KIND_COUNT, "N", AT(workers),
     "how many commands run at a time (1 to 64); further requests wait; default: 4"},
    {OPTION_COUNT, "count", 'c', KIND_COUNT, "N", AT(count),
     "end when N requests, or subscribers, have been served"},
    {OPTION_COLD, "cold", 0, KIND_FLAG, NULL, AT(cold),
     "keep all lines, and give each subscriber everything from the first line on"},
    {OPTION_SINCE, "since", 0, KIND_TEXT, "FILE", AT(since),
     "only what came after this backup, to be restored behind it"},
    {OPTION_UP_TO, "up-to", 0, KIND_ORDER_ID, "ORDER-ID", AT(up_to),
     "the digest up to this order id, as of a backup that ends there"},
    {OPTION_WATCH, "watch", 0, KIND_FLAG, NULL, AT(watch),
     "stay, and tell it again after each change, until Ctrl-C"},
    {OPTION_RATE, "rate", 0, KIND_COUNT, "N", AT(rate),
     "so many are due a second, whatever becomes of them; 0: as many as --in-flight allows"},
    {OPTION_DURATION, "duration", 0, KIND_DURATION, "TIME", AT(duration_ms),
     "how long to measure; default: 10s"},
    {OPTION_IN_FLIGHT, "in-flight", 0, KIND_COUNT, "N", AT(in_flight),
     "how many may be under way (1 to 1000); default: 64, with muon latency 1000"},
    {OPTION_STREAMS, "streams", 0, KIND_COUNT, "N", AT(streams),
     "emit into so many streams in turn (1 to 100000); default: 1"},
    {OPTION_PAYLOAD, "payload", 0, KIND_COUNT, "BYTES", AT(payload),
     "how large each payload, or body, is (12 to 1000000); default: 256"},
    {OPTION_REMOVE, "remove", 0, KIND_FLAG, NULL, AT(remove),
     "delete the events in the end that were emitted to measure"},
    {OPTION_AS, "as", 0, KIND_TEXT, "FORM", AT(as),
     "the whole reference as \"man\" or \"markdown\"; or what completes command lines in \"bash\", "
     "\"zsh\" or \"fish\""},
    {OPTION_FORMAT, "format", 0, KIND_TEXT, "FORMAT", AT(format_text),
     "a line for each, like '{order-id} {type} {payload.sum}', or fields with commas between them "
     "(order-id,type), which come out with tabs; the fields are those of --json"},
    {OPTION_JSON, "json", 'j', KIND_FLAG, NULL, AT(json), "answer in JSON, and errors, too"},
    {OPTION_QUIET, "quiet", 'q', KIND_FLAG, NULL, AT(quiet),
     "no progress, no summary, no notes; errors are still told"},
    {OPTION_COLOR, "color", 0, KIND_TEXT, "WHEN", AT(color),
     "always, never, or auto: on a terminal, unless NO_COLOR is set; default: auto"},
    {OPTION_NO_COLOR, "no-color", 0, KIND_FLAG, NULL, AT(no_color), "the same as --color never"},
    {OPTION_HELP, "help", 'h', KIND_FLAG, NULL, AT(help), "say what there is and how it is used"},
    {OPTION_VERSION, "version", 0, KIND_FLAG, NULL, AT(version), "say which version this is"},
};

const size_t option_row_count = sizeof(option_rows) / sizeof(option_rows[0]);

const struct option_row *option_next(const struct option_row *after, uint64_t bits)
{
    const struct option_row *end = option_rows + option_row_count;
    const struct option_row *option = after ? after + 1 : option_rows;
    while (option < end && !(option->bit & bits))
        option++;
    return option < end ? option : NULL;
}

/* The same option of a verb that deals with services. */
static const struct {
    uint64_t bit;
    const char *help;
} service_wordings[] = {
    {OPTION_RAW, "the answer as it came, byte for byte; of items, one a line"},
    {OPTION_LIMIT, "end after N items"},
    {OPTION_TYPE, "the content type of what is sent; default: see above"},
};

const char *option_help(const struct option_row *option, uint64_t verb_options)
{
    size_t count = sizeof(service_wordings) / sizeof(service_wordings[0]);
    for (size_t i = 0; i < count && (verb_options & OPTION_OF_SERVICES); i++)
        if (service_wordings[i].bit == option->bit)
            return service_wordings[i].help;
    return option->help;
}

/* The words, and where we are in them. */
struct words {
    char *const *word;
    size_t count, next;
    char *why;
};

static bool refuse(struct words *w, const char *format, const char *a, const char *b)
{
    snprintf(w->why, ARGS_WHY_BYTES, format, a, b);
    return false;
}

static bool parse_count(const char *text, uint64_t most, uint64_t *count)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 18 || text[digits])
        return false;
    *count = strtoull(text, NULL, 10);
    return *count <= most;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool set_place(struct place *place, int32_t kind, const char *value)
{
    uint64_t number;
    place->given = true;
    place->kind = kind;
    if (kind == MUON_FROM_TIME)
        return time_text_moment(value, now_ms(), &place->at);
    if (!parse_count(value, UINT64_C(1) << 53, &number))
        return false;
    place->at = (int64_t)number;
    return true;
}

static bool set_type(struct args *args, const char *value)
{
    if (args->types_len == ARGS_TYPES_MAX || !value[0])
        return false;
    args->types[args->types_len++] = value;
    return true;
}

/* One more, behind a comma. */
static bool set_tag(struct args *args, const char *value)
{
    size_t len = strlen(args->tags);
    int more = snprintf(args->tags + len, ARGS_TAGS_BYTES - len, "%s%s", len ? "," : "", value);
    return value[0] && (size_t)more < ARGS_TAGS_BYTES - len;
}

static bool set_value(struct args *args, const struct option_row *o, const char *value)
{
    void *field = (char *)args + o->offset;
    switch (o->kind) {
    case KIND_FLAG:
        *(bool *)field = true;
        return true;
    case KIND_TEXT:
        *(const char **)field = value;
        return value[0] != '\0';
    case KIND_COUNT:
        return parse_count(value, INT64_MAX, field);
    case KIND_DURATION:
        return time_text_duration(value, field) && *(int64_t *)field > 0 &&
               *(int64_t *)field <= INT32_MAX;
    case KIND_AGE:
        return strspn(value, "0123456789") < strlen(value) && time_text_duration(value, field) &&
               *(int64_t *)field > 0;
    case KIND_ORDER_ID:
        return set_place(field, MUON_FROM_ORDER_ID, value);
    case KIND_STREAM_VERSION:
        return set_place(field, MUON_FROM_VERSION, value);
    case KIND_MOMENT:
        return set_place(field, MUON_FROM_TIME, value);
    case KIND_TYPE:
        return set_type(args, value);
    case KIND_TAG:
        return set_tag(args, value);
    case KIND_COMMAND:
        return value[0] != '\0';
    }
    return false;
}

/* The word that stands next, and all behind it. */
static void take_command(struct words *w, struct args *args)
{
    args->command = w->word + w->next;
    args->command_len = w->count - w->next;
    w->next = w->count;
}

static bool set_option(struct words *w, struct args *args, const struct option_row *o,
                       const char *value)
{
    if ((o->bit & OPTIONS_PLACE) && (args->given & OPTIONS_PLACE & ~o->bit))
        return refuse(w, "--%s: only one place to begin can be given%s", o->name, "");
    if (!o->value && value)
        return refuse(w, "--%s takes no value, but was given \"%s\"", o->name, value);
    if (o->value && !value) {
        if (w->next == w->count)
            return refuse(w, "--%s wants a value: %s", o->name, o->value);
        value = w->word[w->next];
        if (o->kind == KIND_COMMAND)
            take_command(w, args);
        else
            w->next++;
    } else if (o->kind == KIND_COMMAND) {
        return refuse(w, "--%s wants a space before the command%s", o->name, "");
    }
    args->given |= o->bit;
    if (set_value(args, o, value))
        return true;
    return refuse(w,
                  o->kind == KIND_AGE ? "--%s cannot be \"%s\": say 30d, 12h, 90m or 45s"
                                      : "--%s cannot be \"%s\"",
                  o->name, value);
}

static bool unknown_option(struct words *w, const char *name)
{
    const char *names[sizeof(option_rows) / sizeof(option_rows[0])];
    for (size_t i = 0; i < option_row_count; i++)
        names[i] = option_rows[i].name;
    const char *guess = guess_nearest(name, names, option_row_count);
    if (guess)
        return refuse(w, "there is no option --%s; did you mean --%s?", name, guess);
    return refuse(w, "there is no option --%s%s", name, "");
}

static bool parse_long(struct words *w, struct args *args, const char *word)
{
    char name[64];
    size_t len = strcspn(word, "=");
    const char *value = word[len] ? word + len + 1 : NULL;
    snprintf(name, sizeof(name), "%.*s", (int)(len < 60 ? len : 60), word);
    for (size_t i = 0; i < option_row_count; i++)
        if (strcmp(option_rows[i].name, name) == 0)
            return set_option(w, args, &option_rows[i], value);
    return unknown_option(w, name);
}

static const struct option_row *row_of_letter(char letter)
{
    for (size_t i = 0; i < option_row_count; i++)
        if (option_rows[i].letter == letter && letter)
            return &option_rows[i];
    return NULL;
}

/* "-rq", "-n5", "-n 5". */
static bool parse_letters(struct words *w, struct args *args, const char *letters)
{
    while (*letters) {
        char letter[2] = {*letters++, '\0'};
        const struct option_row *o = row_of_letter(letter[0]);
        if (!o)
            return refuse(w, "there is no option -%s%s", letter, "");
        if (o->value)
            return set_option(w, args, o, *letters ? letters : NULL);
        if (!set_option(w, args, o, NULL))
            return false;
    }
    return true;
}

static bool parse_operand(struct words *w, struct args *args, const char *word)
{
    if (args->operand_count == ARGS_OPERANDS_MAX)
        return refuse(w, "too many words: \"%s\"%s", word, "");
    args->operands[args->operand_count++] = word;
    return true;
}

bool args_parse(struct args *args, char *const *words, size_t count, char why[ARGS_WHY_BYTES])
{
    struct words w = {.word = words, .count = count, .why = why};
    bool options = true, ok = true;
    memset(args, 0, sizeof(*args));
    while (ok && w.next < w.count) {
        const char *word = w.word[w.next++];
        if (!options || word[0] != '-' || word[1] == '\0')
            ok = parse_operand(&w, args, word);
        else if (strcmp(word, "--") == 0)
            options = false;
        else if (word[1] == '-')
            ok = parse_long(&w, args, word + 2);
        else
            ok = parse_letters(&w, args, word + 1);
    }
    return ok;
}

bool args_expectation(const char *text, muon_expect *expect)
{
    uint64_t version;
    memset(expect, 0, sizeof(*expect));
    if (strcmp(text, "none") == 0) {
        expect->kind = MUON_EXPECT_NO_STREAM;
    } else if (strcmp(text, "exists") == 0) {
        expect->kind = MUON_EXPECT_EXISTS;
    } else if (parse_count(text, UINT64_C(1) << 53, &version)) {
        expect->kind = MUON_EXPECT_VERSION;
        expect->version = (int64_t)version;
    } else {
        return false;
    }
    return true;
}

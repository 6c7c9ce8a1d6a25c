/*
 * replay-args.c - {"stream-type":…,"from":…,"limit":…} by jansson.
 *
 * Numbers may be written as doubles or as strings, as everywhere in Muon. The parsed document is kept on purpose: the names of
 * event types point into it.
 */
#include "cli/replay-args.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/guess.h"
#include "cli/time-text.h"

static const char *type_names[ARGS_TYPES_MAX];

static bool number_of(const json_t *value, int64_t *number)
{
    double real = json_number_value(value);
    char *end = NULL;
    if (json_is_string(value)) {
        real = strtod(json_string_value(value), &end);
        if (end == json_string_value(value) || *end)
            return false;
    } else if (!json_is_number(value)) {
        return false;
    }
    *number = (int64_t)real;
    return real >= 0 && real <= 9007199254740992.0 && (double)*number == real;
}

static bool set_stream_type(const json_t *value, struct follow *follow)
{
    static const struct {
        const char *name;
        int32_t mode;
    } modes[] = {
        {"cold", MUON_COLD},        {"hot", MUON_HOT},       {"hot-cold", MUON_HOT_COLD},
        {"REPLAY_ONLY", MUON_COLD}, {"LIVE_ONLY", MUON_HOT}, {"REPLAY_THEN_LIVE", MUON_HOT_COLD},
    };
    for (size_t i = 0; json_is_string(value) && i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(json_string_value(value), modes[i].name) == 0) {
            follow->mode = modes[i].mode;
            return true;
        }
    }
    return false;
}

static bool set_place(const json_t *value, struct follow *follow, int32_t kind)
{
    struct timespec now;
    struct place *from = &follow->from;
    if (from->given)
        return false;
    from->given = true;
    from->kind = kind;
    if (number_of(value, &from->at))
        return true;
    clock_gettime(CLOCK_REALTIME, &now);
    return kind == MUON_FROM_TIME && json_is_string(value) &&
           time_text_moment(json_string_value(value), (int64_t)now.tv_sec * 1000, &from->at);
}

static bool set_limit(const json_t *value, struct follow *follow)
{
    int64_t limit;
    if (!number_of(value, &limit))
        return false;
    follow->limit = (uint64_t)limit;
    return true;
}

static bool add_type(const json_t *value, struct follow *follow)
{
    if (!json_is_string(value) || follow->types_len == ARGS_TYPES_MAX)
        return false;
    type_names[follow->types_len++] = json_string_value(value);
    follow->types = type_names;
    return true;
}

static bool set_types(const json_t *value, struct follow *follow)
{
    if (!json_is_array(value))
        return add_type(value, follow);
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!add_type(json_array_get(value, i), follow))
            return false;
    return true;
}

static bool set_argument(const char *key, const json_t *value, struct follow *follow, bool *known)
{
    *known = true;
    if (strcmp(key, "stream-type") == 0)
        return set_stream_type(value, follow);
    if (strcmp(key, "from") == 0)
        return set_place(value, follow, MUON_FROM_ORDER_ID);
    if (strcmp(key, "from-version") == 0)
        return set_place(value, follow, MUON_FROM_VERSION);
    if (strcmp(key, "from-time") == 0)
        return set_place(value, follow, MUON_FROM_TIME);
    if (strcmp(key, "limit") == 0)
        return set_limit(value, follow);
    if (strcmp(key, "event-type") == 0)
        return set_types(value, follow);
    *known = false;
    return false;
}

static bool refuse(const char *key, bool known, char why[REPLAY_ARGS_WHY_BYTES])
{
    static const char *const keys[] = {"stream-type", "from",  "from-version",
                                       "from-time",   "limit", "event-type"};
    const char *guess = known ? NULL : guess_nearest(key, keys, sizeof(keys) / sizeof(keys[0]));
    if (known)
        snprintf(why, REPLAY_ARGS_WHY_BYTES,
                 "the argument \"%.60s\" has a value that it cannot have", key);
    else if (guess)
        snprintf(why, REPLAY_ARGS_WHY_BYTES, "there is no argument \"%.60s\"; did you mean \"%s\"?",
                 key, guess);
    else
        snprintf(why, REPLAY_ARGS_WHY_BYTES, "there is no argument \"%.60s\"", key);
    return false;
}

bool replay_args_parse(const char *text, struct follow *follow, char why[REPLAY_ARGS_WHY_BYTES])
{
    static json_t *document;
    json_error_t error;
    const char *key;
    json_t *value;
    bool known;
    json_decref(document);
    document = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!document || !json_is_object(document)) {
        snprintf(why, REPLAY_ARGS_WHY_BYTES, "the arguments are no JSON object%s%s",
                 document ? "" : ": ", document ? "" : error.text);
        return false;
    }
    json_object_foreach(document, key, value)
    {
        if (!set_argument(key, value, follow, &known))
            return refuse(key, known, why);
    }
    return true;
}

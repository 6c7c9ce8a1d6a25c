/*
 * photon_stream_args.c - see photon_stream_args.h. The address is taken apart into the same object that a body would be.
 */
#include "store/photon_stream_args.h"

#include <stdlib.h>
#include <string.h>

#include "store/photon_json.h"
#include "wire/text.h"

enum { ARGS_TEXT_MAX = 1024 };

static bool refuse(struct error *error, const char *field, const char *fault)
{
    error_set(error, REASON_INVALID_ARGUMENT, "%s %s", field, fault);
    error_text(error->field, sizeof error->field, text_span(field));
    return false;
}

/* ---- the address ---- */

static int hex(uint8_t digit)
{
    return digit >= '0' && digit <= '9'   ? digit - '0'
           : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
           : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                          : -1;
}

/* Without its escapes, and with a NUL at its end; false: malformed, or too long. */
static bool unescape(struct span text, char out[ARGS_TEXT_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte == '%') {
            if (text.len - i < 3 || hex(text.data[i + 1]) < 0 || hex(text.data[i + 2]) < 0)
                return false;
            byte = (uint8_t)(hex(text.data[i + 1]) << 4 | hex(text.data[i + 2]));
            i += 2;
        } else if (byte == '+') {
            byte = ' ';
        }
        if (byte == 0 || len == ARGS_TEXT_MAX - 1)
            return false;
        out[len++] = (char)byte;
    }
    out[len] = '\0';
    return true;
}

static bool add_pair(json_t *object, struct span pair, struct error *error)
{
    char name[ARGS_TEXT_MAX], value[ARGS_TEXT_MAX];
    const uint8_t *equals = pair.len ? memchr(pair.data, '=', pair.len) : NULL;
    size_t name_len = equals ? (size_t)(equals - pair.data) : pair.len;
    struct span rest = {pair.data + name_len + 1, equals ? pair.len - name_len - 1 : 0};
    if (!unescape((struct span){pair.data, name_len}, name) || !unescape(rest, value))
        return refuse(error, "url", "has a malformed argument");
    if (json_object_set_new(object, name, json_string(value)) != 0)
        return refuse(error, "url", "has an argument that is not UTF-8");
    return true;
}

static bool add_url(json_t *object, struct span args, struct error *error)
{
    while (args.len) {
        const uint8_t *next = memchr(args.data, '&', args.len);
        size_t len = next ? (size_t)(next - args.data) : args.len;
        if (len && !add_pair(object, (struct span){args.data, len}, error))
            return false;
        args.data += len + (next != NULL);
        args.len -= len + (next != NULL);
    }
    return true;
}

/* ---- what it means ---- */

static bool take_type(json_t *value, struct subscribe_request *request, struct error *error)
{
    static const struct {
        const char *name;
        enum stream_type type;
    } TYPES[] = {
        {"cold", STREAM_COLD},         {"hot", STREAM_HOT},
        {"hot-cold", STREAM_HOT_COLD}, {"REPLAY_ONLY", STREAM_COLD},
        {"LIVE_ONLY", STREAM_HOT},     {"REPLAY_THEN_LIVE", STREAM_HOT_COLD},
    };
    const char *text = json_string_value(value);
    for (size_t i = 0; text && i < sizeof TYPES / sizeof TYPES[0]; i++)
        if (strcmp(text, TYPES[i].name) == 0) {
            request->type = TYPES[i].type;
            return true;
        }
    return refuse(error, "stream-type", "is unknown: give cold, hot or hot-cold");
}

/* Written as a number, a double or a string. */
static bool take_number(json_t *value, const char *name, uint64_t *out, struct error *error)
{
    const char *text = json_string_value(value);
    char *end = NULL;
    double number = text ? strtod(text, &end) : json_number_value(value);
    bool written = text ? end != text && *end == '\0' : json_is_number(value);
    if (!written || !(number >= 0) || number > 9007199254740992.0 ||
        number != (double)(uint64_t)number)
        return refuse(error, name, "must be a whole number from 0");
    *out = (uint64_t)number;
    return true;
}

static bool take(const char *name, json_t *value, struct subscribe_request *request,
                 struct error *error)
{
    if (json_is_null(value))
        return true;
    if (strcmp(name, "stream-name") == 0) {
        request->stream_name =
            (struct span){(const uint8_t *)json_string_value(value), json_string_length(value)};
        return json_is_string(value) || refuse(error, name, "must be a string");
    }
    if (strcmp(name, "stream-type") == 0)
        return take_type(value, request, error);
    if (strcmp(name, "from") == 0) /* 0 is everything, also when it makes no sense to say so */
        return take_number(value, name, &request->from, error);
    if (strcmp(name, "limit") == 0)
        return take_number(value, name, &request->limit, error);
    return refuse(error, name, "is not an argument of /stream");
}

static struct bytes *encode(json_t *object, struct error *error)
{
    struct subscribe_request request = {.stream_name = text_span("__all__"),
                                        .type = STREAM_HOT_COLD};
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) if (!take(name, value, &request, error)) return NULL;
    request.from_kind = request.from ? FROM_ORDER_ID : FROM_BEGIN;
    struct bytes *encoded = subscribe_request_encode(&request);
    if (!encoded)
        error_set(error, REASON_BUSY, "the store is out of memory: retry later");
    return encoded;
}

struct bytes *photon_stream_args(struct span url_args, struct span body, struct error *error)
{
    json_t *object = photon_json_object(body, error);
    struct bytes *encoded = NULL;
    if (object && add_url(object, url_args, error))
        encoded = encode(object, error);
    json_decref(object);
    return encoded;
}

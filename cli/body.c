/*
 * body.c - taken from where it stands, checked, shown.
 *
 * What is JSON goes out in the words it came in; only line breaks between its parts become spaces, where a line is one item.
 */
#include "cli/body.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/base64.h"
#include "cli/format.h"
#include "cli/json-string.h"
#include "cli/say.h"
#include "cli/scan.h"

/* ---- taken ---- */

/* All of standard input. 0, or an errno. */
static int read_input(struct body *body)
{
    size_t len = 0;
    ssize_t got = 1;
    body->buffer = malloc(BODY_MAX_BYTES + 1);
    if (!body->buffer)
        return ENOMEM;
    while (got > 0 && len <= BODY_MAX_BYTES) {
        got = read(STDIN_FILENO, body->buffer + len, BODY_MAX_BYTES + 1 - len);
        if (got < 0 && errno != EINTR)
            return errno;
        len += got > 0 ? (size_t)got : 0;
        got = got < 0 ? 1 : got;
    }
    body->ptr = body->buffer;
    body->len = len;
    return len > BODY_MAX_BYTES ? EFBIG : 0;
}

static bool check(const struct body *body, const struct args *args, int *code)
{
    struct scan_fault fault;
    if (body->type || body->len == 0 || scan_check(body->ptr, body->len, &fault))
        return true;
    *code =
        say_failure(args, EXIT_BAD_INPUT,
                    "Nothing was sent. If it is not meant to be JSON, say with --type what it is.",
                    "the body is no JSON, at byte %zu: %s", fault.at + 1, fault.why);
    return false;
}

/* What nobody can have meant to be JSON: it begins like none. */
static bool is_plain(const char *text)
{
    text += strspn(text, " \t\r\n");
    return *text && !strchr("{[\"-0123456789", *text) && strncmp(text, "true", 4) != 0 &&
           strncmp(text, "false", 5) != 0 && strncmp(text, "null", 4) != 0;
}

/* A text as JSON: `muon rpc a /b hello` means "hello", as it did in the original. 0, or an errno. */
static int quote(struct body *body, const char *text)
{
    FILE *out = open_memstream(&body->buffer, &body->len);
    if (!out)
        return ENOMEM;
    json_string_print(out, text, strlen(text));
    if (fclose(out) != 0)
        return ENOMEM;
    body->ptr = body->buffer;
    return 0;
}

bool body_take(struct body *body, const struct args *args, const char *text, int *code)
{
    *body = (struct body){.ptr = text ? text : "", .type = args->types_len ? args->types[0] : NULL};
    int error = 0;
    body->len = strlen(body->ptr);
    if (text && strcmp(text, "-") == 0)
        error = read_input(body);
    else if (!body->type && is_plain(body->ptr))
        error = quote(body, body->ptr);
    if (error == 0)
        return check(body, args, code);
    *code = say_failure(args, error == EFBIG ? EXIT_TOO_LARGE : EXIT_FAILED,
                        error == EFBIG ? "Nothing was sent. Send it in parts." : NULL,
                        "the body from standard input: %s", strerror(error));
    return false;
}

void body_free(struct body *body)
{
    free(body->buffer);
    body->buffer = NULL;
}

/* ---- shown ---- */

bool body_is_json(const char *ptr, size_t len)
{
    struct scan_fault fault;
    return scan_check(ptr, len, &fault);
}

static bool is_utf8(const char *ptr, size_t len)
{
    json_t *text = json_stringn(ptr, len); /* which checks it */
    json_decref(text);
    return text != NULL;
}

bool body_is_text(const char *ptr, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)ptr[i];
        if (c == 0x7F || (c < 0x20 && c != '\n' && c != '\r' && c != '\t'))
            return false;
        if (c == 0xC2 && i + 1 < len && (ptr[i + 1] & 0xE0) == 0x80) /* U+0080 to U+009F */
            return false;
    }
    return is_utf8(ptr, len);
}

static void print_json_in_a_line(FILE *out, muon_str body)
{
    for (size_t i = 0; i < body.len; i++)
        putc_unlocked(body.ptr[i] == '\n' || body.ptr[i] == '\r' ? ' ' : body.ptr[i], out);
}

void body_print_member(FILE *out, muon_str body)
{
    bool json = body_is_json(body.ptr, body.len);
    bool text = is_utf8(body.ptr, body.len);
    fputs(json || text ? "\"body\":" : "\"body-base64\":\"", out);
    if (json) {
        print_json_in_a_line(out, body);
    } else if (text) {
        json_string_print(out, body.ptr, body.len);
    } else {
        base64_print(out, body.ptr, body.len);
        putc_unlocked('"', out);
    }
}

static void print_for_people(FILE *out, muon_str type, muon_str body)
{
    if (!body_is_text(body.ptr, body.len)) {
        fprintf(out, "%zu bytes of %.*s", body.len, (int)type.len, type.ptr);
        return;
    }
    while (body.len > 0 && (body.ptr[body.len - 1] == '\n' || body.ptr[body.len - 1] == '\r'))
        body.len--;
    fwrite_unlocked(body.ptr, 1, body.len, out);
}

/* What is received, with its type. */
struct typed {
    muon_str type, body;
};

static void write_typed(FILE *out, const void *what)
{
    const struct typed *typed = what;
    putc_unlocked('{', out);
    body_print_member(out, typed->body);
    fputs(",\"content-type\":", out);
    json_string_print(out, typed->type.ptr, typed->type.len);
    putc_unlocked('}', out);
}

void body_print(FILE *out, const struct args *args, muon_str type, muon_str body)
{
    const struct typed typed = {type, body};
    if (args->format) {
        format_show(args->format, write_typed, &typed);
        return;
    }
    if (args->raw)
        fwrite_unlocked(body.ptr, 1, body.len, out);
    else if (args->json)
        write_typed(out, &typed);
    else
        print_for_people(out, type, body);
    putc_unlocked('\n', out);
}

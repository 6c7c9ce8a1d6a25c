/*
 * say.c - failures and notes.
 */
#include "cli/say.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/json-string.h"

enum { MESSAGE_BYTES = 1024 };

enum colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

static enum colour colour;

bool say_set_colour(const char *when)
{
    static const char *const names[] = {"auto", "always", "never"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], when) != 0)
            continue;
        colour = (enum colour)i;
        return true;
    }
    return false;
}

bool say_in_colour(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    if (colour != COLOUR_AUTO)
        return colour == COLOUR_ALWAYS;
    return isatty(fileno(stream)) && !(no_color && no_color[0]) &&
           !(term && strcmp(term, "dumb") == 0);
}

static void print_json(const struct exit_row *row, const char *request, const char *message,
                       const char *advice)
{
    fprintf(stderr, "{\"error\":{\"kind\":\"%s\",\"exit\":%d,\"message\":", row->name,
            (int)row->code);
    json_string_print(stderr, message, strlen(message));
    if (advice) {
        fputs(",\"advice\":", stderr);
        json_string_print(stderr, advice, strlen(advice));
    }
    if (request[0]) {
        fputs(",\"request-id\":", stderr);
        json_string_print(stderr, request, strlen(request));
    }
    fputs("}}\n", stderr);
}

static void print_text(const char *request, const char *message, const char *advice)
{
    bool red = say_in_colour(stderr);
    fprintf(stderr, "%smuon:%s %s", red ? "\033[31m" : "", red ? "\033[0m" : "", message);
    if (request[0])
        fprintf(stderr, " [request %s]", request);
    fputc('\n', stderr);
    if (advice)
        fprintf(stderr, "      %s\n", advice);
}

static void say(const struct args *args, enum exit_code code, const char *advice,
                const char *request, const char *format, va_list list)
{
    char message[MESSAGE_BYTES];
    vsnprintf(message, sizeof(message), format, list);
    const struct exit_row *row = exit_row_of(code);
    if (!advice)
        advice = row->advice;
    if (args->json)
        print_json(row, request, message, advice);
    else
        print_text(request, message, advice);
}

int say_failure(const struct args *args, enum exit_code code, const char *advice,
                const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say(args, code, advice, "", format, list);
    va_end(list);
    return (int)code;
}

int say_answer(const struct args *args, enum exit_code code, const char *advice,
               const char *request, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say(args, code, advice, request, format, list);
    va_end(list);
    return (int)code;
}

int say_error(const struct args *args, const muon_error *error)
{
    const char *advice = NULL;
    if (error->code == MUON_EEXIST)
        advice = "Give a new event a new id; repeat a batch as it was first sent.";
    if (error->code == MUON_EPERM) /* of the store's calls only administration asks who it is */
        advice = "As photond's user take its admin socket, --server "
                 "muon+unix:///DATA-DIR/admin.sock; else show a certificate that is listed.";
    if (error->code == MUON_EWRONGSTORE)
        advice = "Name another store with --server, or start over.";
    if (error->flags & MUON_MAYBE_APPLIED)
        advice =
            "Whether it was done is not known; with the same event ids it is safe to try again.";
    return say_answer(args, exit_of_status(error->code), advice, error->request_id, "%s",
                      error->message);
}

/* As Muon's other clients know them; 0: it has none. */
static int muon_number_of(int32_t status)
{
    switch (status) {
    case MUON_ENOENT:
        return 404;
    case MUON_ETIMEDOUT:
        return 408;
    case MUON_EREMOTE:
        return 409;
    case MUON_EPROTO:
        return 410;
    default:
        return 0;
    }
}

static const char *service_advice(const muon_error *error)
{
    if (error->flags & MUON_MAYBE_APPLIED)
        return "Whether it was done is not known: ask again only if that does no harm.";
    switch (error->code) {
    case MUON_ENOENT:
        return error->flags & MUON_RETRYABLE ? "`muon discover` lists the services there are."
                                             : "`muon introspect SERVICE` lists what it offers.";
    case MUON_EUNAVAIL:
        return "Nothing was done. Try again later.";
    case MUON_ETIMEDOUT:
        return "Nothing was sent. Try again, or give more time with --timeout.";
    case MUON_EINVAL:
        return "Nothing was done. Mend what is named, and try again.";
    default:
        return NULL;
    }
}

int say_service_error(const struct args *args, const muon_error *error)
{
    int number = muon_number_of(error->code);
    const char *advice = service_advice(error);
    if (number)
        return say_answer(args, exit_of_status(error->code), advice, error->request_id,
                          "%s (Muon: %d)", error->message, number);
    return say_answer(args, exit_of_status(error->code), advice, error->request_id, "%s",
                      error->message);
}

const char *say_plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

void say_note(const struct args *args, const char *format, ...)
{
    char note[MESSAGE_BYTES];
    va_list list;
    if (args->quiet)
        return;
    va_start(list, format);
    vsnprintf(note, sizeof(note), format, list);
    va_end(list);
    if (!args->json) {
        fprintf(stderr, "%s\n", note);
        return;
    }
    fputs("{\"note\":", stderr);
    json_string_print(stderr, note, strlen(note));
    fputs("}\n", stderr);
}

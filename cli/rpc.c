/*
 * rpc.c - `muon rpc SERVICE PATH [JSON]`: one request, and what became of it.
 *
 * An answer of any status is an answer: what is not 200 goes to standard error, so that a pipe gets nothing but good answers.
 */
#include "cli/rpc.h"

#include <stdio.h>
#include <string.h>

#include "cli/body.h"
#include "cli/connect.h"
#include "cli/format.h"
#include "cli/handling.h"
#include "cli/json-string.h"
#include "cli/say.h"

enum { URL_BYTES = 640, STATUS_OK = 200, SHORT_BYTES = 500 };

struct rpc {
    char url[URL_BYTES];
    const char *body; /* the word; NULL: none */
};

/* SERVICE PATH, or both in a URL. */
static bool rpc_words(struct rpc *rpc, const struct args *args)
{
    const char *first = args->operands[1];
    bool is_url = strstr(first, "://") != NULL;
    size_t behind = is_url ? 2 : 3;
    if (args->operand_count < behind || args->operand_count > behind + 1)
        return false;
    rpc->body = args->operand_count > behind ? args->operands[behind] : NULL;
    int len = is_url ? snprintf(rpc->url, URL_BYTES, "%s", first)
                     : snprintf(rpc->url, URL_BYTES, "rpc://%s%s", first, args->operands[2]);
    return len < URL_BYTES;
}

static void write_answer(FILE *out, const void *what)
{
    const muon_reply *reply = what;
    fprintf(out, "{\"status\":%d,\"service\":", reply->status);
    json_string_print(out, reply->service.ptr, reply->service.len);
    fputs(",\"instance\":", out);
    json_string_print(out, reply->instance.ptr, reply->instance.len);
    fputs(",\"content-type\":", out);
    json_string_print(out, reply->content_type.ptr, reply->content_type.len);
    putc(',', out);
    body_print_member(out, reply->body);
    putc('}', out);
}

static void print_answer(const struct args *args, const muon_reply *reply)
{
    if (args->raw) {
        fwrite_unlocked(reply->body.ptr, 1, reply->body.len, stdout);
    } else if (args->json) {
        write_answer(stdout, reply);
        putchar('\n');
    } else if (args->format) {
        format_show(args->format, write_answer, reply);
    } else if (reply->body.len > 0) {
        body_print(stdout, args, reply->content_type, reply->body);
    }
}

/* A status other than 200: a short text stands in the message, anything else behind it. */
static int tell_refusal(const struct args *args, const char *url, const muon_reply *reply)
{
    muon_str body = reply->body;
    bool in_message = body.len > 0 && body.len <= SHORT_BYTES && body_is_text(body.ptr, body.len);
    if (in_message)
        return say_failure(args, EXIT_ANSWERED, NULL, "%s answered %d: %.*s", url, reply->status,
                           (int)body.len, body.ptr);
    int code =
        say_failure(args, EXIT_ANSWERED, NULL, "%s answered %d, with %zu bytes of %.*s", url,
                    reply->status, body.len, (int)reply->content_type.len, reply->content_type.ptr);
    if (body.len > 0 && !args->json)
        fwrite_unlocked(body.ptr, 1, body.len, stderr);
    return code;
}

static int ask(const struct args *args, muon_client *client, const struct rpc *rpc,
               const struct body *body)
{
    muon_reply *reply;
    muon_error error;
    const muon_request_opts opts = {.timeout_ms = connect_timeout_ms(args),
                                    .content_type = body->type,
                                    .caused_by =
                                        args->caused_by ? args->caused_by : handling_cause(),
                                    .traceparent = handling_trace()};
    if (muon_request(client, rpc->url, body->ptr, body->len, &opts, &reply, &error) != MUON_OK)
        return say_service_error(args, &error);
    int code = EXIT_DONE;
    if (reply->status == STATUS_OK)
        print_answer(args, reply);
    else
        code = tell_refusal(args, rpc->url, reply);
    muon_reply_free(reply);
    return code;
}

int rpc_run(const struct args *args)
{
    struct rpc rpc;
    struct body body;
    muon_client *client;
    int code;
    if (!rpc_words(&rpc, args))
        return say_failure(args, EXIT_USAGE, "See `muon help rpc`.",
                           "muon rpc wants SERVICE PATH [BODY], or rpc://SERVICE/PATH [BODY]");
    if (body_take(&body, args, rpc.body, &code) && connect_open(args, &client, &code)) {
        code = ask(args, client, &rpc, &body);
        connect_close(client);
    }
    body_free(&body);
    return code;
}

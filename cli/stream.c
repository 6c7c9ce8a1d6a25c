/*
 * stream.c - `muon stream URL [JSON]`: what a service publishes, an item a line.
 *
 * There is no history to resume from: when the publisher or the connection is lost, that is told, and is the end.
 */
#include "cli/stream.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/body.h"
#include "cli/connect.h"
#include "cli/out.h"
#include "cli/say.h"

/* ---- its URL ---- */

static void put_encoded(FILE *out, const char *text, size_t len)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    for (size_t i = 0; i < len; i++) {
        if (text[i] && strchr(plain, text[i]))
            putc_unlocked(text[i], out);
        else
            fprintf(out, "%%%02X", (unsigned char)text[i]);
    }
}

/* Texts as they are, everything else in JSON. False: no memory. */
static bool put_value(FILE *out, const json_t *value)
{
    if (json_is_string(value)) {
        put_encoded(out, json_string_value(value), json_string_length(value));
        return true;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (text)
        put_encoded(out, text, strlen(text));
    free(text);
    return text != NULL;
}

/* The URL with the members of an object as its arguments. NULL: no memory. */
static char *make_url(const char *base, json_t *members)
{
    char *url = NULL;
    size_t len;
    const char *key;
    json_t *value;
    char before = strchr(base, '?') ? '&' : '?';
    FILE *out = open_memstream(&url, &len);
    bool ok = out != NULL;
    if (!ok)
        return NULL;
    fputs(base, out);
    json_object_foreach(members, key, value)
    {
        putc_unlocked(before, out);
        put_encoded(out, key, strlen(key));
        putc_unlocked('=', out);
        ok = put_value(out, value) && ok;
        before = '&';
    }
    if (fclose(out) == 0 && ok)
        return url;
    free(url);
    return NULL;
}

static char *url_of(const struct args *args, int *code)
{
    json_error_t error;
    const char *base = args->operands[1];
    const char *text = args->operand_count > 2 ? args->operands[2] : "{}";
    if (strncmp(base, "stream://", strlen("stream://")) != 0) {
        *code = say_failure(args, EXIT_USAGE, "Streams of the store are shown by `muon tail`.",
                            "\"%s\" is not of the form stream://SERVICE/PATH", base);
        return NULL;
    }
    json_t *members = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    char *url = json_is_object(members) ? make_url(base, members) : NULL;
    if (!json_is_object(members))
        *code = say_failure(args, EXIT_USAGE, "See `muon help stream`.",
                            "the arguments are no JSON object%s%s", members ? "" : ": ",
                            members ? "" : error.text);
    else if (!url)
        *code = say_failure(args, EXIT_FAILED, NULL, "out of memory");
    json_decref(members);
    return url;
}

/* ---- its items ---- */

/* False: the end, with *code. */
static bool show_items(const struct args *args, const muon_batch *batch, uint64_t *shown, int *code)
{
    bool more = true;
    for (size_t i = 0; more && i < muon_batch_count(batch); i++) {
        const muon_event *item = muon_batch_at(batch, i);
        body_print(stdout, args, item->content_type, item->payload);
        more = ++*shown != args->limit;
    }
    return out_flush(args, code) && more;
}

static int show_stream(const struct args *args, muon_client *client, const char *url)
{
    muon_sub *sub;
    muon_error error;
    uint64_t shown = 0;
    int code = EXIT_DONE;
    if (muon_subscribe(client, url, NULL, &sub, &error) != MUON_OK)
        return say_service_error(args, &error);
    for (bool more = true; more;) {
        muon_batch *batch = NULL;
        int32_t status = muon_sub_next(sub, &batch, MUON_FOREVER, &error);
        more = status == MUON_OK && show_items(args, batch, &shown, &code);
        if (status < 0)
            code = say_service_error(args, &error);
        muon_batch_free(batch);
    }
    muon_sub_free(sub);
    if (shown == 0 && code == EXIT_DONE)
        say_note(args, "no items");
    return code;
}

int stream_run(const struct args *args)
{
    muon_client *client;
    int code;
    char *url = url_of(args, &code);
    if (!url)
        return code;
    if (connect_open(args, &client, &code)) {
        code = show_stream(args, client, url);
        connect_close(client);
    }
    free(url);
    return code;
}

/*
 * reflection.c - questions about the contract, answered from the descriptor set.
 *
 * Both versions have the same messages, which are few and flat, so they are read and written by hand. A question is answered before
 * the next one is read. A file is answered together with everything that it imports, each once.
 */
#include "wire/reflection.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "wire/pb.h"
#include "wire/text.h"

extern const unsigned char muon_descriptor_set[];
extern const size_t muon_descriptor_set_len;

enum { FILES_MAX = 64, INVALID = 3, NOT_FOUND = 5 };

/* ServerReflectionRequest, ServerReflectionResponse. */
enum { ASK_FILE = 3, ASK_SYMBOL = 4, ASK_EXTENSION = 5, ASK_EXTENSIONS = 6, ASK_SERVICES = 7 };
enum { TELL_HOST = 1, TELL_QUESTION = 2, TELL_FILES = 4, TELL_SERVICES = 6, TELL_ERROR = 7 };
/* FileDescriptorProto; the other descriptors have their name in field 1, too. */
enum {
    FILE_NAME = 1,
    FILE_PACKAGE = 2,
    FILE_IMPORT = 3,
    FILE_MESSAGE = 4,
    FILE_ENUM = 5,
    FILE_SERVICE = 6
};
enum { MESSAGE_FIELD = 2, MESSAGE_NESTED = 3, MESSAGE_ENUM = 4, SERVICE_METHOD = 2 };

struct asker {
    struct reflection *reflection;
    struct serve_call *call;
    bool sending, finished;
    struct asker *next, **link;
};

struct reflection {
    const char *const *names;
    size_t names_len;
    struct span files[FILES_MAX]; /* FileDescriptorProto */
    size_t files_len;
    pthread_mutex_t lock; /* of what follows */
    bool stopped;
    struct asker *askers;
    const char *names_kept[];
};

/* ---- the descriptor set ---- */

/* The first field of a message with this number, as bytes; empty: there is none. */
static struct span field_of(struct span message, uint32_t number)
{
    struct pb_field field;
    while (pb_next(&message, &field) > 0)
        if (field.number == number && field.type == PB_BYTES)
            return field.bytes;
    return (struct span){NULL, 0};
}

/* If symbol begins with name, as a whole part: what follows the dot (or nothing). */
static bool strip(struct span *symbol, struct span name)
{
    if (symbol->len < name.len || !text_equal((struct span){symbol->data, name.len}, name))
        return false;
    if (symbol->len > name.len && symbol->data[name.len] != '.')
        return false;
    size_t skip = symbol->len > name.len ? name.len + 1 : name.len;
    *symbol = (struct span){symbol->data + skip, symbol->len - skip};
    return true;
}

enum node { NODE_FILE, NODE_MESSAGE, NODE_SERVICE, NODE_LEAF };

/* What a field of a descriptor holds; NODE_FILE: nothing with a name of its own. */
static enum node child(enum node node, uint32_t number)
{
    if (node == NODE_FILE)
        return number == FILE_MESSAGE   ? NODE_MESSAGE
               : number == FILE_ENUM    ? NODE_LEAF
               : number == FILE_SERVICE ? NODE_SERVICE
                                        : NODE_FILE;
    if (node == NODE_MESSAGE)
        return number == MESSAGE_NESTED                            ? NODE_MESSAGE
               : number == MESSAGE_FIELD || number == MESSAGE_ENUM ? NODE_LEAF
                                                                   : NODE_FILE;
    return node == NODE_SERVICE && number == SERVICE_METHOD ? NODE_LEAF : NODE_FILE;
}

/* Does the descriptor define the symbol? Recurses as deep as our own contract nests. */
static bool defines(struct span descriptor, enum node node, struct span symbol)
{
    struct pb_field field;
    if (!strip(&symbol, field_of(descriptor, node == NODE_FILE ? FILE_PACKAGE : FILE_NAME)))
        return false;
    if (symbol.len == 0)
        return node != NODE_FILE;
    while (pb_next(&descriptor, &field) > 0) {
        enum node kind = child(node, field.number);
        if (kind != NODE_FILE && field.type == PB_BYTES && defines(field.bytes, kind, symbol))
            return true;
    }
    return false;
}

static size_t find_file(const struct reflection *r, struct span name)
{
    size_t i = 0;
    while (i < r->files_len && !text_equal(field_of(r->files[i], FILE_NAME), name))
        i++;
    return i;
}

static size_t find_symbol(const struct reflection *r, struct span symbol)
{
    size_t i = 0;
    while (i < r->files_len && !defines(r->files[i], NODE_FILE, symbol))
        i++;
    return i;
}

/* ---- answers ---- */

/* The file's and its imports' places, each once; the file first. */
static size_t gather(const struct reflection *r, size_t file, size_t places[FILES_MAX])
{
    bool taken[FILES_MAX] = {false};
    size_t len = 0;
    places[len++] = file;
    taken[file] = true;
    for (size_t i = 0; i < len; i++) {
        struct span rest = r->files[places[i]];
        struct pb_field field;
        while (pb_next(&rest, &field) > 0) {
            if (field.number != FILE_IMPORT || field.type != PB_BYTES)
                continue;
            size_t import = find_file(r, field.bytes);
            if (import < r->files_len && !taken[import]) {
                taken[import] = true;
                places[len++] = import;
            }
        }
    }
    return len;
}

/* A response without its answer: whose field and length follow, then room for len bytes at *body. */
static struct bytes *response_new(struct span question, uint32_t field, size_t len, uint8_t **body)
{
    struct span host = field_of(question, 1);
    struct bytes *b =
        bytes_new(pb_bytes_size(TELL_HOST, host.len) + pb_bytes_size(TELL_QUESTION, question.len) +
                  pb_bytes_size(field, len));
    if (!b)
        return NULL;
    uint8_t *at = pb_put_bytes(b->data, TELL_HOST, host);
    at = pb_put_bytes(at, TELL_QUESTION, question);
    *body = pb_put_frame(at, field, len);
    return b;
}

static struct bytes *tell_error(struct span question, int code, const char *text)
{
    size_t len = pb_uint_size(1, (uint64_t)code) + pb_bytes_size(2, strlen(text));
    uint8_t *body;
    struct bytes *b = response_new(question, TELL_ERROR, len, &body);
    if (b)
        pb_put_bytes(pb_put_uint(body, 1, (uint64_t)code), 2, text_span(text));
    return b;
}

static struct bytes *tell_file(const struct reflection *r, struct span question, size_t file)
{
    size_t places[FILES_MAX], size = 0;
    if (file == r->files_len)
        return tell_error(question, NOT_FOUND, "no such file or symbol");
    size_t len = gather(r, file, places);
    for (size_t i = 0; i < len; i++)
        size += pb_bytes_size(1, r->files[places[i]].len);
    uint8_t *body;
    struct bytes *b = response_new(question, TELL_FILES, size, &body);
    for (size_t i = 0; b && i < len; i++)
        body = pb_put_bytes(body, 1, r->files[places[i]]);
    return b;
}

static struct bytes *tell_services(const struct reflection *r, struct span question)
{
    size_t size = 0;
    for (size_t i = 0; i < r->names_len; i++)
        size += pb_bytes_size(1, pb_bytes_size(1, strlen(r->names[i])));
    uint8_t *body;
    struct bytes *b = response_new(question, TELL_SERVICES, size, &body);
    for (size_t i = 0; b && i < r->names_len; i++) {
        body = pb_put_frame(body, 1, pb_bytes_size(1, strlen(r->names[i])));
        body = pb_put_bytes(body, 1, text_span(r->names[i]));
    }
    return b;
}

static struct bytes *answer(const struct reflection *r, struct span question)
{
    struct span rest = question;
    struct pb_field field, asked = {.number = 0};
    int more;
    while ((more = pb_next(&rest, &field)) > 0)
        if (field.number >= ASK_FILE && field.number <= ASK_SERVICES && field.type == PB_BYTES)
            asked = field;
    if (more < 0)
        return tell_error((struct span){NULL, 0}, INVALID, "malformed request");
    switch (asked.number) {
    case ASK_FILE:
        return tell_file(r, question, find_file(r, asked.bytes));
    case ASK_SYMBOL:
        return tell_file(r, question, find_symbol(r, asked.bytes));
    case ASK_EXTENSION:
    case ASK_EXTENSIONS:
        return tell_error(question, NOT_FOUND, "this contract has no extensions");
    case ASK_SERVICES:
        return tell_services(r, question);
    default:
        return tell_error(question, INVALID, "nothing is asked that this server knows");
    }
}

/* ---- the call ---- */

/* With the lock held. */
static void finish(struct asker *a, enum reason reason, const char *text)
{
    struct error error;
    if (a->finished)
        return;
    a->finished = true;
    if (reason != REASON_NONE)
        error_set(&error, reason, "%s", text);
    serve_finish(a->call, reason != REASON_NONE ? &error : NULL);
}

/* With the lock held: read on, or end. */
static void go_on(struct asker *a)
{
    if (a->finished || a->sending)
        return;
    if (a->reflection->stopped)
        finish(a, REASON_SHUTTING_DOWN, "the server is going down: connect again");
    else
        serve_read(a->call);
}

static void asker_begin(struct serve_call *call, void *service, struct bytes *message)
{
    struct reflection *r = service;
    struct asker *a = calloc(1, sizeof *a);
    (void)message;
    if (!a) {
        struct error error;
        error_set(&error, REASON_BUSY, "out of memory: retry later");
        serve_finish(call, &error);
        return;
    }
    *a = (struct asker){.reflection = r, .call = call};
    serve_call_set(call, a);
    pthread_mutex_lock(&r->lock);
    a->next = r->askers;
    a->link = &r->askers;
    if (a->next)
        a->next->link = &a->next;
    r->askers = a;
    go_on(a);
    pthread_mutex_unlock(&r->lock);
}

static void asker_message(struct serve_call *call, struct bytes *message)
{
    struct asker *a = serve_call_get(call);
    struct bytes *reply = message ? answer(a->reflection, bytes_span(message)) : NULL;
    pthread_mutex_lock(&a->reflection->lock);
    if (!message) {
        finish(a, REASON_NONE, NULL);
    } else if (!reply) {
        finish(a, REASON_BUSY, "out of memory: retry later");
    } else if (!a->finished) {
        a->sending = true;
        serve_send(call, &reply, 1, false);
    }
    pthread_mutex_unlock(&a->reflection->lock);
    bytes_unref(reply);
}

static void asker_sent(struct serve_call *call, bool ok)
{
    struct asker *a = serve_call_get(call);
    pthread_mutex_lock(&a->reflection->lock);
    a->sending = false;
    if (ok)
        go_on(a);
    pthread_mutex_unlock(&a->reflection->lock);
}

static void asker_lost(struct serve_call *call)
{
    struct asker *a = serve_call_get(call);
    pthread_mutex_lock(&a->reflection->lock);
    finish(a, REASON_CALLER_GONE, "the client is gone");
    pthread_mutex_unlock(&a->reflection->lock);
}

static void asker_gone(struct serve_call *call)
{
    struct asker *a = serve_call_get(call);
    if (!a)
        return;
    pthread_mutex_lock(&a->reflection->lock);
    *a->link = a->next;
    if (a->next)
        a->next->link = a->link;
    pthread_mutex_unlock(&a->reflection->lock);
    free(a);
}

/* ---- from the server ---- */

struct reflection *reflection_new(const char *const *names, size_t names_len)
{
    struct reflection *r = calloc(1, sizeof *r + names_len * sizeof *names);
    if (!r)
        return NULL;
    pthread_mutex_init(&r->lock, NULL);
    memcpy(r->names_kept, names, names_len * sizeof *names);
    r->names = r->names_kept;
    r->names_len = names_len;
    struct span rest = {muon_descriptor_set, muon_descriptor_set_len};
    struct pb_field field;
    while (r->files_len < FILES_MAX && pb_next(&rest, &field) > 0)
        if (field.number == 1 && field.type == PB_BYTES)
            r->files[r->files_len++] = field.bytes;
    return r;
}

void reflection_free(struct reflection *r)
{
    if (!r)
        return;
    pthread_mutex_destroy(&r->lock);
    free(r);
}

void reflection_stop(struct reflection *r)
{
    pthread_mutex_lock(&r->lock);
    r->stopped = true;
    for (struct asker *a = r->askers; a; a = a->next)
        if (!a->sending)
            finish(a, REASON_SHUTTING_DOWN, "the server is going down: connect again");
    pthread_mutex_unlock(&r->lock);
}

#define METHOD(version)                                                                            \
    {                                                                                              \
        "/grpc.reflection." version ".ServerReflection/ServerReflectionInfo", true, true,          \
            asker_begin, asker_message, asker_sent, asker_lost, asker_gone                         \
    }

void reflection_services(struct reflection *r, struct serve_service out[2])
{
    static const struct serve_method v1[] = {METHOD("v1")}, v1alpha[] = {METHOD("v1alpha")};
    out[0] = (struct serve_service){"grpc.reflection.v1.ServerReflection", v1, 1, r, NULL};
    out[1] =
        (struct serve_service){"grpc.reflection.v1alpha.ServerReflection", v1alpha, 1, r, NULL};
}

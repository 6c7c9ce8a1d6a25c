/*
 * where.c - who may say it, in the order of their right to; and each setting asked of one after the other.
 */
#include "cli/where.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/say.h"

/* How each setting is called on the command line, in the environment, in a context, in a folder. The folder itself is last. */
enum { CERTS = WHERE_SETTINGS, NAMES };

static const struct {
    const char *option, *variable, *member, *file;
} names[NAMES] = {
    [WHERE_SERVER] = {"--server", "MUON_URL", "server", NULL},
    [WHERE_CA] = {"--ca", "MUON_CA", "ca", "ca.crt"},
    [WHERE_CERT] = {"--cert", "MUON_CERT", "cert", "client.crt"},
    [WHERE_KEY] = {"--key", "MUON_KEY", "key", "client.key"},
    [CERTS] = {"--certs", "MUON_CERTS", "certs", NULL},
};

/* One who may say something: an option, a context, the environment. */
enum { OPTIONS, NAMED_CONTEXT, ENVIRONMENT, CONTEXT, SPEAKERS };

struct speaker {
    const char *says[NAMES]; /* NULL: nothing */
    char from[NAMES][WHERE_FROM_BYTES];
};

const char *where_name(enum where_setting setting)
{
    return names[setting].member;
}

static const char *env(const char *variable)
{
    const char *value = getenv(variable);
    return value && value[0] ? value : NULL;
}

static bool is_tls(const char *url)
{
    static const char tls[] = "muon://";
    return strncmp(url, tls, strlen(tls)) == 0;
}

static void ask_options(const struct args *args, struct speaker *s)
{
    const char *const given[NAMES] = {args->server, args->ca, args->cert, args->key, args->certs};
    for (int i = 0; i < NAMES; i++) {
        s->says[i] = given[i];
        snprintf(s->from[i], WHERE_FROM_BYTES, "%s", names[i].option);
    }
}

static void ask_environment(struct speaker *s)
{
    for (int i = 0; i < NAMES; i++) {
        s->says[i] = env(names[i].variable);
        snprintf(s->from[i], WHERE_FROM_BYTES, "$%s", names[i].variable);
    }
}

static void ask_context(json_t *context, const char *name, struct speaker *s)
{
    for (int i = 0; i < NAMES; i++) {
        s->says[i] = json_string_value(json_object_get(context, names[i].member));
        snprintf(s->from[i], WHERE_FROM_BYTES, "context %s", name);
    }
}

/* ---- which context ---- */

static const char *context_named(const struct args *args, const struct contexts *contexts,
                                 const char **from)
{
    const char *name = args->context;
    *from = "--context";
    if (!name) {
        name = env("MUON_CONTEXT");
        *from = "$MUON_CONTEXT";
    }
    if (!name) {
        name = contexts_current(contexts);
        *from = "in use";
    }
    return name && strcmp(name, CONTEXTS_NONE) != 0 ? name : NULL;
}

/* Does anybody want a context, so that the file has to be sound? */
static bool is_wanted(const struct args *args)
{
    const char *name = args->context ? args->context : env("MUON_CONTEXT");
    return !name || strcmp(name, CONTEXTS_NONE) != 0;
}

/* The context's words are the file's: they live as long as it. */
static bool find_context(const struct args *args, struct contexts *contexts,
                         struct speaker speakers[SPEAKERS], struct where *where, int *code)
{
    const char *from, *name;
    char folder[CONTEXTS_PATH_BYTES];
    *contexts = (struct contexts){.lock = -1};
    if (!is_wanted(args) || (!args->context && !env("MUON_CONTEXT") && !contexts_folder(folder)))
        return true;
    if (!contexts_open(contexts, false)) {
        *code = say_failure(args, EXIT_USAGE,
                            "Mend that file or remove it; --context none goes without.",
                            "cannot read the contexts: %s", contexts->why);
        return false;
    }
    name = context_named(args, contexts, &from);
    if (!name)
        return true;
    json_t *context = json_object_get(contexts->each, name);
    if (!context) {
        *code = say_failure(args, EXIT_USAGE, "`muon context` lists them.",
                            "there is no context \"%.64s\" (%s)", name, from);
        return false;
    }
    snprintf(where->context, sizeof(where->context), "%s", name);
    snprintf(where->context_from, sizeof(where->context_from), "%s", from);
    ask_context(context, name, &speakers[args->context ? NAMED_CONTEXT : CONTEXT]);
    return true;
}

/* ---- one setting ---- */

static bool set(struct where_value *value, const char *text, const char *from)
{
    snprintf(value->from, sizeof(value->from), "%s", from);
    return snprintf(value->text, sizeof(value->text), "%s", text) < (int)sizeof(value->text);
}

/* In a folder, or in what `photond init` leaves there. */
static bool set_of_folder(struct where_value *value, const char *folder, const char *file,
                          const char *from)
{
    char path[2 * WHERE_VALUE_BYTES];
    snprintf(path, sizeof(path), "%s/tls/%s", folder, file);
    if (access(path, F_OK) != 0)
        snprintf(path, sizeof(path), "%s/%s", folder, file);
    return set(value, path, from);
}

static bool set_usual(enum where_setting i, struct where_value *value)
{
    char folder[CONTEXTS_PATH_BYTES];
    if (i == WHERE_SERVER)
        return set(value, WHERE_DEFAULT_URL, "default");
    if (!contexts_folder(folder))
        return true;
    bool ok = set_of_folder(value, folder, names[i].file, "default");
    if (access(value->text, F_OK) != 0)
        *value = (struct where_value){0};
    return ok;
}

static bool find_setting(const struct speaker speakers[SPEAKERS], enum where_setting i,
                         struct where_value *value)
{
    for (const struct speaker *s = speakers; s < speakers + SPEAKERS; s++) {
        if (s->says[i])
            return set(value, s->says[i], s->from[i]);
        if (names[i].file && s->says[CERTS])
            return set_of_folder(value, s->says[CERTS], names[i].file, s->from[CERTS]);
    }
    return set_usual(i, value);
}

bool where_find(const struct args *args, struct where *where, int *code)
{
    struct speaker speakers[SPEAKERS] = {0};
    struct contexts contexts;
    *where = (struct where){.tls = true};
    ask_options(args, &speakers[OPTIONS]);
    ask_environment(&speakers[ENVIRONMENT]);
    bool found = find_context(args, &contexts, speakers, where, code), fits = found;
    for (int i = 0; fits && i < WHERE_SETTINGS; i++) {
        if (where->tls || i == WHERE_SERVER)
            fits = find_setting(speakers, (enum where_setting)i, &where->value[i]);
        where->tls = is_tls(where->value[WHERE_SERVER].text);
    }
    contexts_close(&contexts);
    if (found && !fits)
        *code = say_failure(args, EXIT_USAGE, NULL, "the name of a file is too long");
    return fits;
}

/* ---- a new context ---- */

/* From the root on, since a context is used in other folders than this one. NULL: no memory, or no such folder. */
static json_t *absolute(const char *path)
{
    char here[CONTEXTS_PATH_BYTES];
    if (path[0] == '/')
        return json_string(path);
    return getcwd(here, sizeof(here)) ? json_sprintf("%s/%s", here, path) : NULL;
}

json_t *where_as_context(const struct args *args, int *code)
{
    struct speaker options, environment;
    json_t *context = json_object();
    int wrong = context ? 0 : -1;
    bool tls = true;
    ask_options(args, &options);
    ask_environment(&environment);
    for (int i = 0; i < NAMES && wrong == 0 && tls; i++) {
        bool named_by_folder = names[i].file && options.says[CERTS];
        const char *text = options.says[i]   ? options.says[i]
                           : named_by_folder ? NULL
                                             : environment.says[i];
        if (i == WHERE_SERVER) {
            text = text ? text : WHERE_DEFAULT_URL;
            tls = is_tls(text);
            wrong = json_object_set_new(context, names[i].member, json_string(text));
        } else if (text) {
            wrong = json_object_set_new(context, names[i].member, absolute(text));
        }
    }
    if (wrong == 0)
        return context;
    json_decref(context);
    *code = say_failure(args, EXIT_FAILED, NULL, "out of memory, or in a folder that is gone");
    return NULL;
}

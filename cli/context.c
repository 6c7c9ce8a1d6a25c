/*
 * context.c - `muon context`: list, add, use, show, remove, rename.
 *
 * An action that changes something reads the file, changes what it has read, and replaces the file, while others who want to
 * change it wait.
 */
#include "cli/context.h"

#include <stdio.h>
#include <string.h>

#include "cli/connect.h"
#include "cli/contexts.h"
#include "cli/guess.h"
#include "cli/json-string.h"
#include "cli/say.h"
#include "cli/where.h"

struct action {
    const char *name;
    size_t names_min, names_max;
    bool takes_options; /* that say where the server is */
    int (*run)(const struct args *args, const char *const *names);
};

/* ---- reading ---- */

static void print_member(const char *member, const char *text)
{
    printf(",\"%s\":", member);
    json_string_print(stdout, text, strlen(text));
}

static void print_json(const struct contexts *contexts)
{
    const char *name, *member, *current = contexts_current(contexts), *comma = "";
    json_t *context, *value;
    putchar('{');
    if (current) {
        fputs("\"current\":", stdout);
        json_string_print(stdout, current, strlen(current));
        putchar(',');
    }
    fputs("\"contexts\":[", stdout);
    json_object_foreach(contexts->each, name, context)
    {
        printf("%s{\"name\":\"%s\"", comma, name);
        json_object_foreach(context, member, value)
        {
            if (json_is_string(value))
                print_member(member, json_string_value(value));
        }
        putchar('}');
        comma = ",";
    }
    fputs("]}\n", stdout);
}

static const char *member_of(json_t *context, const char *member)
{
    const char *text = json_string_value(json_object_get(context, member));
    return text ? text : "";
}

static void print_table(const struct args *args, const struct contexts *contexts)
{
    const char *name, *current = contexts_current(contexts);
    json_t *context;
    int name_width = (int)strlen("NAME"), server_width = (int)strlen("SERVER");
    bool colour = say_in_colour(stdout);
    json_object_foreach(contexts->each, name, context)
    {
        int name_len = (int)strlen(name), server_len = (int)strlen(member_of(context, "server"));
        name_width = name_len > name_width ? name_len : name_width;
        server_width = server_len > server_width ? server_len : server_width;
    }
    if (!args->quiet)
        printf("%s  %-*s  %-*s  CERTIFICATES%s\n", colour ? "\033[1m" : "", name_width, "NAME",
               server_width, "SERVER", colour ? "\033[0m" : "");
    json_object_foreach(contexts->each, name, context)
    {
        const char *certs = member_of(context, "certs");
        printf("%c %-*s  %-*s  %s\n", current && strcmp(current, name) == 0 ? '*' : ' ', name_width,
               name, server_width, member_of(context, "server"),
               certs[0] ? certs : member_of(context, "cert"));
    }
}

static int unusable(const struct args *args, struct contexts *contexts)
{
    int code = say_failure(args, EXIT_FAILED, "Mend that file, or remove it.", "%s", contexts->why);
    contexts_close(contexts);
    return code;
}

static int list(const struct args *args, const char *const *names)
{
    (void)names;
    struct contexts contexts;
    if (!contexts_open(&contexts, false))
        return unusable(args, &contexts);
    if (args->json)
        print_json(&contexts);
    else if (json_object_size(contexts.each) == 0)
        say_note(args, "no contexts; `muon context add NAME --server URL --certs DIR` makes one");
    else
        print_table(args, &contexts);
    contexts_close(&contexts);
    return EXIT_DONE;
}

static void print_setting(const struct args *args, const char *name, const char *text,
                          const char *from)
{
    if (!args->json) {
        printf("%-8s %s%s%s%s\n", name, text[0] ? text : "-", from[0] ? "  (" : "", from,
               from[0] ? ")" : "");
        return;
    }
    printf(",\"%s\":{\"value\":", name);
    json_string_print(stdout, text, strlen(text));
    printf(",\"from\":\"%s\"}", from);
}

static int show(const struct args *args, const char *const *names)
{
    struct args asked = *args;
    struct where where;
    int code;
    if (names[0] && args->context)
        return say_failure(args, EXIT_USAGE, "Leave one of them out.",
                           "\"%s\" and --context each name the context", names[0]);
    if (names[0])
        asked.context = names[0];
    if (!where_find(&asked, &where, &code))
        return code;
    if (args->json)
        printf("{\"context\":\"%s\",\"from\":\"%s\"", where.context, where.context_from);
    else
        print_setting(args, "context", where.context, where.context_from);
    for (int i = 0; i < WHERE_SETTINGS; i++)
        if (where.tls || i == WHERE_SERVER)
            print_setting(args, where_name((enum where_setting)i), where.value[i].text,
                          where.value[i].from);
    if (args->json)
        fputs("}\n", stdout);
    return EXIT_DONE;
}

/* ---- changing ---- */

/* Replace the file; say what has been done. */
static int save(const struct args *args, struct contexts *contexts, const char *name,
                const char *what)
{
    if (!contexts_save(contexts))
        return unusable(args, contexts);
    const char *current = contexts_current(contexts);
    if (args->json)
        printf("{\"correct\":true%s%s%s}\n", current ? ",\"current\":\"" : "",
               current ? current : "", current ? "\"" : "");
    else if (!args->quiet)
        printf("%s %s\n", name, what);
    contexts_close(contexts);
    return EXIT_DONE;
}

/* Open the file to change the context of this name, which is there, or with there false is not. */
static bool open_for(const struct args *args, struct contexts *contexts, const char *name,
                     bool there, int *code)
{
    if (!contexts_open(contexts, true)) {
        *code = unusable(args, contexts);
        return false;
    }
    bool found = json_object_get(contexts->each, name) != NULL;
    if (found == there)
        return true;
    if (found)
        *code = say_failure(args, EXIT_CONFLICT, "Take another name, or remove that one first.",
                            "there is a context \"%s\" already", name);
    else
        *code = say_failure(args, EXIT_NOT_FOUND, "`muon context` lists them.",
                            "there is no context \"%s\"", name);
    contexts_close(contexts);
    return false;
}

static bool can_be_a_name(const struct args *args, const char *name, int *code)
{
    if (contexts_name_is_valid(name))
        return true;
    *code = say_failure(args, EXIT_USAGE, NULL,
                        "\"%.80s\" cannot name a context: 1 to %d letters, digits, \".\", \"-\", "
                        "\"_\", not \"none\"",
                        name, CONTEXTS_NAME_MAX);
    return false;
}

/* Would libmuon take it? Nothing is sent. */
static bool is_usable(const struct args *args, json_t *context, int *code)
{
    struct args asked = *args;
    struct where where;
    muon_client *client;
    asked.context = CONTEXTS_NONE;
    asked.server = json_string_value(json_object_get(context, "server"));
    asked.certs = json_string_value(json_object_get(context, "certs"));
    asked.ca = json_string_value(json_object_get(context, "ca"));
    asked.cert = json_string_value(json_object_get(context, "cert"));
    asked.key = json_string_value(json_object_get(context, "key"));
    if (!where_find(&asked, &where, code) || !connect_prepare(&asked, &where, &client, code))
        return false;
    connect_close(client);
    return true;
}

static int add(const struct args *args, const char *const *names)
{
    struct contexts contexts;
    int code;
    if (!can_be_a_name(args, names[0], &code))
        return code;
    json_t *context = where_as_context(args, &code);
    if (!context)
        return code;
    if (!is_usable(args, context, &code) || !open_for(args, &contexts, names[0], false, &code)) {
        json_decref(context);
        return code;
    }
    size_t count = json_object_size(contexts.each);
    if (count == CONTEXTS_MAX) {
        json_decref(context);
        contexts_close(&contexts);
        return say_failure(args, EXIT_USAGE, "Remove some.", "there are %zu contexts", count);
    }
    json_object_set_new(contexts.each, names[0], context);
    if (count == 0)
        contexts_set_current(&contexts, names[0]);
    return save(args, &contexts, names[0], count == 0 ? "is added, and in use" : "is added");
}

static int use(const struct args *args, const char *const *names)
{
    struct contexts contexts;
    int code;
    if (strcmp(names[0], CONTEXTS_NONE) == 0) {
        if (!contexts_open(&contexts, true))
            return unusable(args, &contexts);
        contexts_set_current(&contexts, NULL);
        return save(args, &contexts, "no context", "is in use");
    }
    if (!open_for(args, &contexts, names[0], true, &code))
        return code;
    contexts_set_current(&contexts, names[0]);
    return save(args, &contexts, names[0], "is in use");
}

static int remove_one(const struct args *args, const char *const *names)
{
    struct contexts contexts;
    int code;
    if (!open_for(args, &contexts, names[0], true, &code))
        return code;
    json_object_del(contexts.each, names[0]);
    const char *current = contexts_current(&contexts);
    if (current && strcmp(current, names[0]) == 0)
        contexts_set_current(&contexts, NULL);
    return save(args, &contexts, names[0], "is removed");
}

static int rename_one(const struct args *args, const char *const *names)
{
    struct contexts contexts;
    int code;
    if (!can_be_a_name(args, names[1], &code) || !open_for(args, &contexts, names[0], true, &code))
        return code;
    if (json_object_get(contexts.each, names[1])) {
        contexts_close(&contexts);
        return say_failure(args, EXIT_CONFLICT, "Take another name, or remove that one first.",
                           "there is a context \"%s\" already", names[1]);
    }
    const char *current = contexts_current(&contexts);
    bool is_current = current && strcmp(current, names[0]) == 0;
    json_object_set(contexts.each, names[1], json_object_get(contexts.each, names[0]));
    json_object_del(contexts.each, names[0]);
    if (is_current)
        contexts_set_current(&contexts, names[1]);
    return save(args, &contexts, names[1],
                is_current ? "is its name now, and in use" : "is its name now");
}

/* ---- which of them ---- */

static const struct action actions[] = {
    {"list", 0, 0, false, list},         {"add", 1, 1, true, add},
    {"use", 1, 1, false, use},           {"show", 0, 1, true, show},
    {"remove", 1, 1, false, remove_one}, {"rename", 2, 2, false, rename_one},
};

enum { ACTIONS = sizeof(actions) / sizeof(actions[0]) };

static const struct action *find_action(const char *word, const char **guess)
{
    const char *all[ACTIONS];
    for (size_t i = 0; i < ACTIONS; i++) {
        all[i] = actions[i].name;
        if (strcmp(actions[i].name, word) == 0)
            return &actions[i];
    }
    *guess = guess_nearest(word, all, ACTIONS);
    return NULL;
}

int context_run(const struct args *args)
{
    const char *names[3] = {NULL}, *guess = NULL;
    const char *word = args->operand_count > 1 ? args->operands[1] : actions[0].name;
    const struct action *action = find_action(word, &guess);
    size_t count = args->operand_count > 1 ? args->operand_count - 2 : 0;
    if (!action)
        return say_failure(
            args, EXIT_USAGE, "See `muon help context`.", "muon context has no \"%.60s\"%s%s%s",
            word, guess ? "; did you mean \"" : "", guess ? guess : "", guess ? "\"?" : "");
    for (size_t i = 0; i < count && i < 3; i++)
        names[i] = args->operands[i + 2];
    if (count < action->names_min || count > action->names_max)
        return say_failure(args, EXIT_USAGE, "See `muon help context`.", "muon context %s takes %s",
                           action->name,
                           action->names_max == 0   ? "no name"
                           : action->names_max == 2 ? "two names: which, and the new one"
                           : action->names_min == 1 ? "one name"
                                                    : "one name at most");
    if ((args->given & OPTIONS_WHERE) && !action->takes_options)
        return say_failure(args, EXIT_USAGE, "See `muon help context`.",
                           "muon context %s takes no options that say where a server is",
                           action->name);
    if (action->run == add && args->context)
        return say_failure(args, EXIT_USAGE, "See `muon help context`.",
                           "muon context add takes no --context");
    return action->run(args, names);
}

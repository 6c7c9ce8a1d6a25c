/*
 * help.c - the tables as people read them in a terminal.
 */
#include "cli/help.h"

#include <string.h>

#include "cli/complete.h"
#include "cli/exits.h"
#include "cli/say.h"
#include "cli/shapes.h"

enum { NAME_WIDTH = 24, TEXT_WIDTH = 68 };

/* Wrap text into lines behind an indent. */
static void print_wrapped(FILE *out, const char *text, int indent)
{
    while (*text) {
        size_t len = strlen(text);
        if (len > TEXT_WIDTH) {
            len = TEXT_WIDTH;
            while (len > 1 && text[len] != ' ')
                len--;
        }
        fprintf(out, "%.*s\n", (int)len, text);
        text += len;
        text += strspn(text, " ");
        if (*text)
            fprintf(out, "%*s", indent, "");
    }
}

static void print_option(FILE *out, const struct option_row *o, uint64_t bits)
{
    char name[64];
    char letter[8] = "    ";
    if (o->letter)
        snprintf(letter, sizeof(letter), "-%c, ", o->letter);
    snprintf(name, sizeof(name), "%s--%s%s%s", letter, o->name, o->value ? " " : "",
             o->value ? o->value : "");
    fprintf(out, "  %-*s  ", NAME_WIDTH + 2, name);
    print_wrapped(out, option_help(o, bits), NAME_WIDTH + 6);
}

static void print_options(FILE *out, const char *title, uint64_t bits)
{
    if (bits & ~OPTION_OF_SERVICES)
        fprintf(out, "\n%s\n", title);
    for (const struct option_row *o = NULL; (o = option_next(o, bits));)
        print_option(out, o, bits);
}

void help_print(FILE *out)
{
    fputs("muon - emit events to a photon event store, replay them, and meet services there\n\n"
          "  muon VERB [OPTIONS] …\n\n"
          "Verbs (the beginning of a name will do where it is clear; what deletes or restores is "
          "written out)\n",
          out);
    for (size_t i = 0; i < verb_row_count; i++)
        fprintf(out, "  %-10s %-22s  %s\n", verb_rows[i].name, verb_rows[i].operands,
                verb_rows[i].summary);
    print_options(out, "Where the server is, and who you are", OPTIONS_CONNECT);
    print_options(out, "With every verb", OPTIONS_COMMON);
    fputs("\nExit codes\n", out);
    for (size_t i = 0; i < exit_row_count; i++) {
        fprintf(out, "  %3d  ", (int)exit_rows[i].code);
        print_wrapped(out, exit_rows[i].meaning, 7);
    }
    fputs("\nFirst steps\n"
          "  muon ping\n"
          "  muon emit "
          "'{\"stream-name\":\"orders/1\",\"event-type\":\"OrderPlaced\",\"payload\":{}}'\n"
          "  muon tail orders/1\n"
          "  muon serve shop /echo              (and elsewhere: muon rpc shop /echo hello)\n"
          "\n`muon help VERB` says more about each.\n",
          out);
}

static void print_indented(FILE *out, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        fprintf(out, "%s%.*s\n", len ? "  " : "", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

/* Break a list of words into lines. */
static void print_fields(FILE *out, const struct shape *shape)
{
    size_t column = 2;
    fputs(" ", out);
    for (size_t i = 0; i < shape->field_count; i++) {
        const char *name = shape->fields[i].name;
        if (column + strlen(name) > TEXT_WIDTH + 10) {
            fputs("\n ", out);
            column = 2;
        }
        fprintf(out, " %s%s", name, i + 1 < shape->field_count ? "," : "\n");
        column += strlen(name) + 2;
    }
}

static void print_shapes(FILE *out, const char *verb)
{
    for (size_t i = 0; i < shape_row_count; i++) {
        if (!shape_is_of(&shape_rows[i], verb))
            continue;
        fprintf(out, "\nWith --json: %s\n", shape_rows[i].what);
        print_fields(out, &shape_rows[i]);
    }
}

void help_print_verb(FILE *out, const struct verb *verb)
{
    fprintf(out, "muon %s%s%s\n\n%s.\n", verb->name, verb->operands[0] ? " " : "", verb->operands,
            verb->summary);
    if (verb->older)
        fprintf(out, "An older name of it is \"%s\".\n", verb->older);
    if (verb->text)
        fprintf(out, "\n%s\n", verb->text);
    print_options(out, "Options", verb->options & ~OPTIONS_CONNECT);
    print_options(out, "Where the server is, and who you are", verb->options & OPTIONS_CONNECT);
    print_options(out, "With every verb", OPTIONS_COMMON);
    print_shapes(out, verb->name);
    fputs("\nExamples\n", out);
    print_indented(out, verb->examples);
}

int help_show(const struct args *args, const struct verb *verb)
{
    if (args->json)
        help_print_json(stdout, verb);
    else if (verb)
        help_print_verb(stdout, verb);
    else
        help_print(stdout);
    return EXIT_DONE;
}

static int help_in_form(const struct args *args)
{
    static const struct {
        const char *name;
        void (*print)(FILE *out);
    } forms[] = {{"man", help_print_man},
                 {"markdown", help_print_markdown},
                 {"bash", complete_print_bash},
                 {"zsh", complete_print_zsh},
                 {"fish", complete_print_fish}};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (strcmp(forms[i].name, args->as) != 0)
            continue;
        forms[i].print(stdout);
        return EXIT_DONE;
    }
    return say_failure(args, EXIT_USAGE, "One of man, markdown, bash, zsh, fish.",
                       "--as cannot be \"%s\"", args->as);
}

int help_run(const struct args *args)
{
    char why[VERBS_WHY_BYTES];
    if (args->as)
        return help_in_form(args);
    if (args->operand_count < 2)
        return help_show(args, NULL);
    const struct verb *verb = verbs_find(args->operands[1], why);
    if (!verb)
        return say_failure(args, EXIT_USAGE, NULL, "%s", why);
    return help_show(args, verb);
}

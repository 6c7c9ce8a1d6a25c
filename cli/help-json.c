/*
 * help-json.c - the tables as programs read them: `muon help --json`.
 */
#include <string.h>

#include "cli/exits.h"
#include "cli/help.h"
#include "cli/json-string.h"
#include "cli/shapes.h"

/* "name":"text", with what stands before it; nothing for a text that is not there. */
static void print_member(FILE *out, const char *before, const char *name, const char *text)
{
    if (!text)
        return;
    fprintf(out, "%s\"%s\":", before, name);
    json_string_print(out, text, strlen(text));
}

static void print_shape(FILE *out, const struct shape *shape)
{
    print_member(out, "{", "what", shape->what);
    print_member(out, ",", "record", shape->record);
    fputs(",\"fields\":[", out);
    for (size_t i = 0; i < shape->field_count; i++) {
        const struct shape_field *field = &shape->fields[i];
        print_member(out, i ? ",{" : "{", "name", field->name);
        print_member(out, ",", "type", shape_type_name(field->type));
        print_member(out, ",", "when", field->when);
        print_member(out, ",", "help", field->help);
        fputs("}", out);
    }
    fputs("]}", out);
}

static void print_verb(FILE *out, const struct verb *verb)
{
    const char *before = "";
    uint64_t bits = verb->options | OPTIONS_COMMON;
    print_member(out, "{", "name", verb->name);
    print_member(out, ",", "older", verb->older);
    print_member(out, ",", "operands", verb->operands);
    print_member(out, ",", "summary", verb->summary);
    fprintf(out, ",\"whole-name\":%s,\"options\":[", verb->whole_name ? "true" : "false");
    for (const struct option_row *o = NULL; (o = option_next(o, bits));) {
        fputs(before, out);
        json_string_print(out, o->name, strlen(o->name));
        before = ",";
    }
    fputs("],\"prints\":[", out);
    before = "";
    for (size_t i = 0; i < shape_row_count; i++) {
        if (!shape_is_of(&shape_rows[i], verb->name))
            continue;
        fputs(before, out);
        print_shape(out, &shape_rows[i]);
        before = ",";
    }
    fputs("]}", out);
}

static void print_option(FILE *out, const struct option_row *o)
{
    const char letter[2] = {o->letter, '\0'};
    print_member(out, "{", "name", o->name);
    print_member(out, ",", "letter", o->letter ? letter : NULL);
    print_member(out, ",", "value", o->value);
    print_member(out, ",", "help", o->help);
    fputs("}", out);
}

static void print_exit(FILE *out, const struct exit_row *row)
{
    fprintf(out, "{\"code\":%d", (int)row->code);
    print_member(out, ",", "kind", row->name);
    print_member(out, ",", "meaning", row->meaning);
    print_member(out, ",", "advice", row->advice);
    fputs("}", out);
}

static void print_options(FILE *out, uint64_t bits)
{
    const char *before = "],\"options\":[\n";
    for (const struct option_row *o = NULL; (o = option_next(o, bits));) {
        fputs(before, out);
        print_option(out, o);
        before = ",\n";
    }
    fputs("]", out);
}

static void print_exits(FILE *out)
{
    fputs(",\"exit-codes\":[\n", out);
    for (size_t i = 0; i < exit_row_count; i++) {
        fputs(i ? ",\n" : "", out);
        print_exit(out, &exit_rows[i]);
    }
    fputs("]", out);
}

void help_print_json(FILE *out, const struct verb *only)
{
    fputs("{\"verbs\":[\n", out);
    for (size_t i = 0; i < (only ? 1 : verb_row_count); i++) {
        fputs(i ? ",\n" : "", out);
        print_verb(out, only ? only : &verb_rows[i]);
    }
    print_options(out, only ? only->options | OPTIONS_COMMON : UINT64_MAX);
    if (!only)
        print_exits(out);
    fputs("}\n", out);
}

/*
 * help-markdown.c - the tables as docs/cli.md has them.
 */
#include "cli/exits.h"
#include "cli/help.h"
#include "cli/shapes.h"

static void markdown_options(FILE *out, uint64_t bits)
{
    if (!(bits & ~OPTION_OF_SERVICES))
        return;
    fputs("\n| option | |\n|---|---|\n", out);
    for (const struct option_row *o = NULL; (o = option_next(o, bits));) {
        fputs("| ", out);
        if (o->letter)
            fprintf(out, "`-%c`, ", o->letter);
        fprintf(out, "`--%s%s%s` | %s |\n", o->name, o->value ? " " : "", o->value ? o->value : "",
                option_help(o, bits));
    }
}

static void markdown_verb(FILE *out, const struct verb *verb)
{
    fprintf(out, "\n### muon %s\n\n%s.", verb->name, verb->summary);
    if (verb->older)
        fprintf(out, " An older name of it is `%s`.", verb->older);
    fprintf(out, "\n\n```text\nmuon %s%s%s\n", verb->name, verb->operands[0] ? " " : "",
            verb->operands);
    if (verb->text)
        fprintf(out, "\n%s\n", verb->text);
    fputs("```\n", out);
    markdown_options(out, verb->options & ~OPTIONS_CONNECT);
    fprintf(out, "\n```text\n%s\n```\n", verb->examples);
}

/* Their names in the table of verbs, as code. */
static void markdown_verbs_of(FILE *out, const struct shape *shape)
{
    const char *before = "";
    for (size_t i = 0; i < verb_row_count; i++) {
        if (!shape_is_of(shape, verb_rows[i].name))
            continue;
        fprintf(out, "%s`%s`", before, verb_rows[i].name);
        before = ", ";
    }
    fprintf(out, "%s: ", *before ? "" : "Any verb");
}

static void markdown_shape(FILE *out, const struct shape *shape)
{
    fputs("\n", out);
    markdown_verbs_of(out, shape);
    fprintf(out, "%s\n\n| field | type | | there if |\n|---|---|---|---|\n", shape->what);
    for (size_t i = 0; i < shape->field_count; i++) {
        const struct shape_field *field = &shape->fields[i];
        fprintf(out, "| `%s` | %s | %s | %s |\n", field->name, shape_type_name(field->type),
                field->help, field->when ? field->when : "");
    }
}

void help_print_markdown(FILE *out)
{
    fputs("## Verbs\n", out);
    for (size_t i = 0; i < verb_row_count; i++)
        markdown_verb(out, &verb_rows[i]);
    fputs("\n## Options of all verbs that talk to a server\n", out);
    markdown_options(out, OPTIONS_CONNECT);
    fputs("\n## Options of all verbs\n", out);
    markdown_options(out, OPTIONS_COMMON);
    fputs("\n## What --json prints\n", out);
    for (size_t i = 0; i < shape_row_count; i++)
        markdown_shape(out, &shape_rows[i]);
    fputs("\n## Exit codes\n\n| code | kind | meaning |\n|---|---|---|\n", out);
    for (size_t i = 0; i < exit_row_count; i++)
        fprintf(out, "| %d | `%s` | %s |\n", (int)exit_rows[i].code, exit_rows[i].name,
                exit_rows[i].meaning);
}

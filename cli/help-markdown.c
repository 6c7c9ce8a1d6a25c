/*
 * help-markdown.c - the tables as docs/cli.md has them.
 */
#include "cli/exits.h"
#include "cli/help.h"

static void markdown_options(FILE *out, uint64_t bits)
{
    if (!(bits & ~(uint64_t)OPTION_OF_SERVICES))
        return;
    fputs("\n| option | |\n|---|---|\n", out);
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *o = &option_rows[i];
        if (!(o->bit & bits))
            continue;
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
    markdown_options(out, verb->options & ~(uint64_t)OPTIONS_CONNECT);
    fprintf(out, "\n```text\n%s\n```\n", verb->examples);
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
    fputs("\n## Exit codes\n\n| code | kind | meaning |\n|---|---|---|\n", out);
    for (size_t i = 0; i < exit_row_count; i++)
        fprintf(out, "| %d | `%s` | %s |\n", (int)exit_rows[i].code, exit_rows[i].name,
                exit_rows[i].meaning);
}

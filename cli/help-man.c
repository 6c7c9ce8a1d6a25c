/*
 * help-man.c - the tables as a manual page, muon(1), in the macros of man(7).
 */
#include <string.h>

#include "cli/exits.h"
#include "cli/help.h"

/* Text as it stands: no backslash, no hyphen and no first character of a line means anything to roff. */
static void print_text(FILE *out, const char *text)
{
    bool begins = true;
    for (; *text; text++) {
        if (begins && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        if (*text == '\\')
            fputs("\\e", out);
        else if (*text == '-')
            fputs("\\-", out);
        else
            putc(*text, out);
        begins = *text == '\n';
    }
}

static void print_section(FILE *out, const char *macro, const char *title)
{
    fprintf(out, ".%s \"", macro);
    print_text(out, title);
    fputs("\"\n", out);
}

/* Lines that are not to be filled; an empty one is vertical space. */
static void print_lines(FILE *out, const char *text)
{
    fputs(".nf\n", out);
    print_text(out, text);
    fputs("\n.fi\n", out);
}

static void print_option(FILE *out, const struct option_row *o, uint64_t bits)
{
    fputs(".TP\n", out);
    if (o->letter)
        fprintf(out, "\\fB\\-%c\\fR, ", o->letter);
    fputs("\\fB\\-\\-", out);
    print_text(out, o->name);
    fputs("\\fR", out);
    if (o->value)
        fprintf(out, " \\fI%s\\fR", o->value);
    fputs("\n", out);
    print_text(out, option_help(o, bits));
    fputs("\n", out);
}

static void print_options(FILE *out, uint64_t bits)
{
    for (const struct option_row *o = NULL; (o = option_next(o, bits));)
        print_option(out, o, bits);
}

/* Paragraphs; their lines are filled anew. */
static void print_paragraphs(FILE *out, const char *text)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t len = end ? (size_t)(end - text) : strlen(text);
        char paragraph[2048];
        snprintf(paragraph, sizeof(paragraph), "%.*s", (int)len, text);
        fputs(".PP\n", out);
        print_text(out, paragraph);
        fputs("\n", out);
        text += len + (end ? 2 : 0);
    }
}

static void print_verb(FILE *out, const struct verb *verb)
{
    char title[128];
    snprintf(title, sizeof(title), "muon %s%s%s", verb->name, verb->operands[0] ? " " : "",
             verb->operands);
    print_section(out, "SS", title);
    print_text(out, verb->summary);
    fputs(".\n", out);
    if (verb->older)
        fprintf(out, "An older name of it is \\fB%s\\fR.\n", verb->older);
    if (verb->text)
        print_paragraphs(out, verb->text);
    print_options(out, verb->options & ~OPTIONS_CONNECT);
    fputs(".PP\nExamples:\n.RS 4\n", out);
    print_lines(out, verb->examples);
    fputs(".RE\n", out);
}

void help_print_man(FILE *out)
{
    fputs(".TH MUON 1 2026-11-26 \"Muon for C\" \"User Commands\"\n"
          ".SH NAME\n"
          "muon \\- emit events to a photon event store, replay them, and meet services there\n"
          ".SH SYNOPSIS\n"
          ".B muon\n.I VERB\n.RI [ OPTIONS \"] ...\"\n"
          ".SH DESCRIPTION\n"
          "The beginning of a verb's name will do, where only one begins so.\n"
          ".SH VERBS\n",
          out);
    for (size_t i = 0; i < verb_row_count; i++)
        print_verb(out, &verb_rows[i]);
    print_section(out, "SH", "OPTIONS OF ALL VERBS THAT TALK TO A SERVER");
    print_options(out, OPTIONS_CONNECT);
    print_section(out, "SH", "OPTIONS OF ALL VERBS");
    print_options(out, OPTIONS_COMMON);
    print_section(out, "SH", "EXIT STATUS");
    for (size_t i = 0; i < exit_row_count; i++) {
        fprintf(out, ".TP\n.B %d\n", (int)exit_rows[i].code);
        print_text(out, exit_rows[i].meaning);
        fputs("\n", out);
    }
    fputs(".SH SEE ALSO\n.BR photond (1)\n", out);
}

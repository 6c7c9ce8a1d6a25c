/*
 * complete.c - the first word is a verb, a word with a hyphen one of its options, and anything else a file's name.
 */
#include "cli/complete.h"

#include <stdint.h>
#include <string.h>

#include "cli/verbs.h"

static uint64_t options_of(const struct verb *verb)
{
    return (verb->options | OPTIONS_COMMON) & ~OPTION_OF_SERVICES;
}

/* In single quotes for a shell; quote: what stands for a single quote within. */
static void print_quoted(FILE *out, const char *text, const char *quote)
{
    putc('\'', out);
    for (; *text; text++) {
        if (*text == '\'')
            fputs(quote, out);
        else
            putc(*text, out);
    }
    putc('\'', out);
}

/* A verb's names, as a pattern of shells. */
static void print_names(FILE *out, const char *before, const struct verb *verb, const char *behind)
{
    fprintf(out, "%s%s%s%s%s", before, verb->name, verb->older ? "|" : "",
            verb->older ? verb->older : "", behind);
}

/* ---- bash ---- */

static void bash_verb(FILE *out, const struct verb *verb)
{
    const struct option_row *option = NULL;
    print_names(out, "    ", verb, ") words=\"");
    while ((option = option_next(option, options_of(verb))))
        fprintf(out, " --%s", option->name);
    fputs("\" ;;\n", out);
}

void complete_print_bash(FILE *out)
{
    fputs("# bash completion for muon, made by `muon help --as bash`\n"
          "_muon() {\n"
          "  local cur=${COMP_WORDS[COMP_CWORD]} words=\n"
          "  case ${COMP_WORDS[1]} in\n",
          out);
    for (size_t i = 0; i < verb_row_count; i++)
        bash_verb(out, &verb_rows[i]);
    fputs("  esac\n"
          "  if ((COMP_CWORD == 1)); then\n"
          "    COMPREPLY=($(compgen -W '",
          out);
    for (size_t i = 0; i < verb_row_count; i++)
        fprintf(out, "%s%s", i ? " " : "", verb_rows[i].name);
    fputs("' -- \"$cur\"))\n"
          "  elif [[ $cur == -* ]]; then\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "  else\n"
          "    COMPREPLY=($(compgen -f -- \"$cur\"))\n"
          "  fi\n"
          "}\n"
          "complete -o filenames -F _muon muon\n",
          out);
}

/* ---- zsh ---- */

/* "--name[what it is]:VALUE:_files", where brackets and colons within are escaped. */
static void zsh_option(FILE *out, const struct option_row *option, uint64_t bits)
{
    fprintf(out, " \\\n        '%s--%s%s[",
            option->kind == KIND_TYPE || option->kind == KIND_TAG ? "*" : "", option->name,
            option->value ? "=" : "");
    for (const char *c = option_help(option, bits); *c; c++)
        fprintf(out, strchr("[]:\\", *c) ? "\\%c" : *c == '\'' ? "'\\''" : "%c", *c);
    fprintf(out, option->value ? "]:%s:_files'" : "]'", option->value);
}

static void zsh_verb(FILE *out, const struct verb *verb)
{
    const struct option_row *option = NULL;
    print_names(out, "    (", verb, ")\n      _arguments");
    while ((option = option_next(option, options_of(verb))))
        zsh_option(out, option, verb->options);
    fputs(" \\\n        '*:word:_files'\n      ;;\n", out);
}

void complete_print_zsh(FILE *out)
{
    fputs("#compdef muon\n"
          "# zsh completion for muon, made by `muon help --as zsh`\n"
          "_muon() {\n"
          "  local -a verbs=(\n",
          out);
    for (size_t i = 0; i < verb_row_count; i++) {
        fprintf(out, "    %s:", verb_rows[i].name);
        print_quoted(out, verb_rows[i].summary, "'\\''");
        fputs("\n", out);
    }
    fputs("  )\n"
          "  if ((CURRENT == 2)); then\n"
          "    _describe verb verbs\n"
          "    return\n"
          "  fi\n"
          "  shift words\n"
          "  ((CURRENT--))\n"
          "  case $words[1] in\n",
          out);
    for (size_t i = 0; i < verb_row_count; i++)
        zsh_verb(out, &verb_rows[i]);
    fputs("  esac\n"
          "}\n"
          "_muon \"$@\"\n",
          out);
}

/* ---- fish ---- */

static void fish_verb(FILE *out, const struct verb *verb)
{
    fprintf(out, "complete -c muon -n __fish_use_subcommand -a %s -d ", verb->name);
    print_quoted(out, verb->summary, "\\'");
    fputs("\n", out);
    const struct option_row *option = NULL;
    while ((option = option_next(option, options_of(verb)))) {
        fprintf(out, "complete -c muon -n '__fish_seen_subcommand_from %s' -l %s", verb->name,
                option->name);
        if (option->letter)
            fprintf(out, " -s %c", option->letter);
        fprintf(out, "%s -d ", option->value ? " -r" : "");
        print_quoted(out, option_help(option, verb->options), "\\'");
        fputs("\n", out);
    }
}

void complete_print_fish(FILE *out)
{
    fputs("# fish completion for muon, made by `muon help --as fish`\n", out);
    for (size_t i = 0; i < verb_row_count; i++)
        fish_verb(out, &verb_rows[i]);
}

/* describe.c - see describe.h. */
#include "store/describe.h"

#include <string.h>

#include "store/exit_codes.h"
#include "store/quantity.h"

_Static_assert((int)DESCRIBE_VALUE_MAX >= (int)QUANTITY_TEXT_MAX, "a quantity fits");

const char *describe_value(const struct settings *settings, enum setting setting,
                           char out[DESCRIBE_VALUE_MAX])
{
    switch (setting_def(setting)->kind) {
    case SETTING_KIND_SIZE:
        return quantity_print(settings_number(settings, setting), QUANTITY_BYTES, out);
    case SETTING_KIND_TIME:
        return quantity_print(settings_number(settings, setting), QUANTITY_MS, out);
    case SETTING_KIND_SWITCH:
        return settings_switch(settings, setting) ? "yes" : "no";
    case SETTING_KIND_PATH:
    case SETTING_KIND_LIST:
    case SETTING_KIND_CHOICE:
    case SETTING_KIND_NUMBER:
        break;
    }
    return settings->value[setting].text;
}

static int wider(int width, const char *text)
{
    int len = (int)strlen(text);
    return len > width ? len : width;
}

/* A table has no empty cells. */
static const char *shown_value(const struct settings *settings, enum setting setting,
                               char buffer[DESCRIBE_VALUE_MAX])
{
    const char *value = describe_value(settings, setting, buffer);
    return value[0] ? value : "-";
}

void describe_values(const struct settings *settings, FILE *out)
{
    int name = 7, value = 5, where = 4; /* the headings' */
    char buffer[DESCRIBE_VALUE_MAX], range[160];
    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting s = (enum setting)i;
        name = wider(name, setting_def(s)->name);
        value = wider(value, shown_value(settings, s, buffer));
        where = wider(where, settings_where(settings, s));
    }
    fprintf(out, "%-*s  %-*s  %-*s  %s\n", name, "SETTING", value, "VALUE", where, "FROM", "RANGE");
    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting s = (enum setting)i;
        settings_range(s, range, sizeof range);
        fprintf(out, "%-*s  %-*s  %-*s  %s%s\n", name, setting_def(s)->name, value,
                shown_value(settings, s, buffer), where, settings_where(settings, s), range,
                setting_def(s)->reloadable ? "; SIGHUP reloads it" : "");
    }
}

/* Words of at most WIDTH bytes a line, each line behind "# ". */
static void comment(FILE *out, const char *text)
{
    enum { WIDTH = 96 };
    while (*text) {
        size_t len = strlen(text);
        if (len > WIDTH) {
            len = WIDTH;
            while (len > 0 && text[len] != ' ')
                len--;
            len = len ? len : WIDTH; /* a word longer than a line */
        }
        fprintf(out, "# %.*s\n", (int)len, text);
        text += len;
        text += strspn(text, " ");
    }
}

void describe_file(const struct settings *settings, FILE *out)
{
    char buffer[DESCRIBE_VALUE_MAX], range[160], note[256];
    comment(out, "Settings of photond. Each can be given as a flag (--drain-time '10 s') or in the "
                 "environment (PHOTOND_DRAIN_TIME) too: flag > environment > file > default. "
                 "Relative paths start at this file. photond check-config reads it without "
                 "starting anything; photond config shows what is in force and why.");
    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting s = (enum setting)i;
        const struct setting_def *def = setting_def(s);
        bool set = settings->value[s].origin != ORIGIN_DEFAULT;
        if (def->group)
            fprintf(out, "\n# ---- %s ----\n", def->group);
        fprintf(out, "\n");
        comment(out, def->help);
        settings_range(s, range, sizeof range);
        snprintf(note, sizeof note, "(%s%s)", range, def->reloadable ? "; SIGHUP reloads it" : "");
        comment(out, note);
        fprintf(out, "%s%s = %s\n", set ? "" : "#", def->name, describe_value(settings, s, buffer));
    }
}

void describe_settings_markdown(FILE *out)
{
    char env[SETTING_NAME_MAX], range[160];
    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting s = (enum setting)i;
        const struct setting_def *def = setting_def(s);
        settings_env_name(s, env);
        settings_range(s, range, sizeof range);
        if (def->group)
            fprintf(out,
                    "%s### %s\n\n| setting | default | range | what it does |\n"
                    "|---|---|---|---|\n",
                    i ? "\n" : "", def->group);
        fprintf(out, "| `%s`<br>`PHOTOND_%s` | %s%s%s | %s%s | %s |\n", def->name, env,
                def->fallback[0] ? "`" : "", def->fallback[0] ? def->fallback : "none",
                def->fallback[0] ? "`" : "", range, def->reloadable ? "; SIGHUP reloads it" : "",
                def->help);
    }
}

void describe_exit_codes_markdown(FILE *out)
{
    size_t len;
    const struct exit_code_entry *entry = exit_codes(&len);
    fprintf(out, "| code | name | meaning | what to do |\n|---|---|---|---|\n");
    for (size_t i = 0; i < len; i++)
        fprintf(out, "| %d | %s | %s | %s |\n", (int)entry[i].code, entry[i].name, entry[i].meaning,
                entry[i].remedy);
}

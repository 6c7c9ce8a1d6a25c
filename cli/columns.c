/*
 * columns.c - see columns.h. Each column is as wide as its widest text.
 */
#include "cli/columns.h"

#include <stdio.h>
#include <string.h>

#include "cli/say.h"
#include "cli/time-text.h"

void columns_bytes(double bytes, char text[COLUMNS_TEXT_BYTES])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    while (bytes >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, COLUMNS_TEXT_BYTES, unit && bytes < 100 ? "%.1f %s" : "%.0f %s", bytes,
             units[unit]);
}

void columns_ms(double ms, char text[COLUMNS_TEXT_BYTES])
{
    if (ms < 1000)
        snprintf(text, COLUMNS_TEXT_BYTES, "%.0f ms", ms);
    else if (ms < 60 * 1000)
        snprintf(text, COLUMNS_TEXT_BYTES, "%.1f s", ms / 1000);
    else if (ms < 3600 * 1000)
        snprintf(text, COLUMNS_TEXT_BYTES, "%.0f min", ms / 60 / 1000);
    else
        snprintf(text, COLUMNS_TEXT_BYTES, "%.1f h", ms / 3600 / 1000);
}

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name), end_len = strlen(end);
    return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

static bool is_time(const char *name)
{
    return strcmp(name, "since") == 0 || strcmp(name, "started") == 0 || strcmp(name, "time") == 0;
}

void columns_text(const char *name, const json_t *value, char text[COLUMNS_TEXT_BYTES])
{
    const char *string = json_string_value(value);
    json_int_t number = json_integer_value(value);
    if (string && string[0])
        snprintf(text, COLUMNS_TEXT_BYTES, "%s", string);
    else if (json_is_boolean(value))
        snprintf(text, COLUMNS_TEXT_BYTES, "%s", json_is_true(value) ? "yes" : "no");
    else if (!json_is_integer(value))
        snprintf(text, COLUMNS_TEXT_BYTES, "-");
    else if (ends_with(name, "-bytes"))
        columns_bytes((double)number, text);
    else if (ends_with(name, "-ms"))
        columns_ms((double)number, text);
    else if (is_time(name))
        time_text_print(number, text);
    else
        snprintf(text, COLUMNS_TEXT_BYTES, "%lld", (long long)number);
}

static void put(FILE *out, const char *text, int width, bool right, bool last)
{
    if (right)
        fprintf(out, "%*s", width, text);
    else
        fprintf(out, "%-*s", last ? 0 : width, text);
    fputs(last ? "\n" : "  ", out);
}

static void cell(const json_t *rows, size_t row, const struct column *column,
                 char text[COLUMNS_TEXT_BYTES])
{
    columns_text(column->name, json_object_get(json_array_get(rows, row), column->name), text);
}

static int width_of(const json_t *rows, const struct column *column, bool titles)
{
    char text[COLUMNS_TEXT_BYTES];
    size_t widest = titles ? strlen(column->title) : 0;
    for (size_t r = 0; r < json_array_size(rows); r++) {
        cell(rows, r, column, text);
        widest = strlen(text) > widest ? strlen(text) : widest;
    }
    return (int)widest;
}

void columns_print(FILE *out, const json_t *rows, const struct column *columns, size_t count,
                   bool titles)
{
    int width[COLUMNS_MAX];
    char text[COLUMNS_TEXT_BYTES];
    bool colour = titles && say_in_colour(out);
    for (size_t c = 0; c < count; c++)
        width[c] = width_of(rows, &columns[c], titles);
    fputs(colour ? "\033[1m" : "", out);
    for (size_t c = 0; c < count && titles; c++)
        put(out, columns[c].title, width[c], columns[c].right, c + 1 == count);
    fputs(colour ? "\033[0m" : "", out);
    for (size_t r = 0; r < json_array_size(rows); r++)
        for (size_t c = 0; c < count; c++) {
            cell(rows, r, &columns[c], text);
            put(out, text, width[c], columns[c].right, c + 1 == count);
        }
}

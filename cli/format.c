/*
 * format.c - the format is cut into parts once; for each record the parts are looked up where they stand, so that numbers come out
 * as they were written.
 */
#include "cli/format.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/event-out.h"
#include "cli/guess.h"
#include "cli/json-string.h"
#include "cli/out.h"
#include "cli/scan.h"
#include "cli/time-text.h"

enum { FIELDS_MAX = 64 };

/* Headings of tables, and what they are in JSON. */
static const struct {
    const char *heading, *field;
    bool as_time;
} headings[] = {{"type", "event-type", false},
                {"stream", "stream-name", false},
                {"time", "event-time", true},
                {"events", "total-events", false},
                {"service", "identifier", false}};

enum { HEADINGS = sizeof(headings) / sizeof(headings[0]) };

/* What is being cut. */
struct cutting {
    struct format *format;
    const struct shape *shape;
    char *at; /* where in format->text */
    char *why;
};

__attribute__((format(printf, 2, 3))) static bool refuse(struct cutting *c, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(c->why, FORMAT_WHY_BYTES, format, list);
    va_end(list);
    return false;
}

/* ---- which fields there are ---- */

static bool is_number(const char *text, size_t len)
{
    return len > 0 && strspn(text, "0123456789") >= len;
}

/* How far the steps go along a field of the shape: SIZE_MAX all the way, else how many of them. */
static size_t steps_along(const struct format_part *part, const char *name, enum shape_type type)
{
    size_t i = 0;
    while (*name && i < part->steps) {
        size_t len = strcspn(name, ".[");
        if (len != part->len[i] || memcmp(name, part->step[i], len) != 0)
            return i;
        i++;
        name += len;
        if (*name == '[') {
            if (i < part->steps && !is_number(part->step[i], part->len[i]))
                return i;
            i += i < part->steps;
            name += 2;
        }
        name += *name == '.';
    }
    return i == part->steps || (type == SHAPE_JSON && i > 0) ? SIZE_MAX : i;
}

static size_t furthest(const struct shape *shape, const struct format_part *part)
{
    size_t most = 0;
    for (size_t i = 0; i < shape->field_count; i++) {
        const char *name = shape_in_record(shape, &shape->fields[i]);
        size_t steps = name ? steps_along(part, name, shape->fields[i].type) : 0;
        most = steps > most ? steps : most;
    }
    return most;
}

/* The first names of the fields, without those that come again; and the headings. */
static size_t field_names(const struct shape *shape, char names[FIELDS_MAX][64])
{
    size_t count = 0;
    for (size_t i = 0; i < shape->field_count; i++) {
        const char *name = shape_in_record(shape, &shape->fields[i]);
        size_t len = name ? strcspn(name, ".[") : 0;
        if (!name || count == FIELDS_MAX - HEADINGS)
            continue;
        if (count == 0 || strlen(names[count - 1]) != len ||
            memcmp(names[count - 1], name, len) != 0)
            snprintf(names[count++], sizeof(names[0]), "%.*s", (int)len, name);
    }
    size_t real = count;
    for (size_t i = 0; i < HEADINGS; i++)
        for (size_t j = 0; j < real; j++)
            if (strcmp(names[j], headings[i].field) == 0)
                snprintf(names[count++], sizeof(names[0]), "%s", headings[i].heading);
    return count;
}

char *format_fields(const struct shape *shape)
{
    char names[FIELDS_MAX][64];
    char *text = NULL;
    size_t len, count = field_names(shape, names);
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return NULL;
    fputs("The fields are ", out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s%s", names[i], i + 1 < count ? ", " : ".");
    fclose(out);
    return text;
}

static bool no_field(struct cutting *c, const struct format_part *part)
{
    char names[FIELDS_MAX][64];
    const char *words[FIELDS_MAX];
    char given[64];
    size_t count = field_names(c->shape, names);
    for (size_t i = 0; i < count; i++)
        words[i] = names[i];
    snprintf(given, sizeof(given), "%.*s", (int)part->len[0], part->step[0]);
    const char *guess = guess_nearest(given, words, count);
    return refuse(c, "--format: there is no field \"%s\"%s%s%s", given,
                  guess ? "; did you mean \"" : "", guess ? guess : "", guess ? "\"?" : "");
}

/* The field that a part means; a heading becomes the field below it. */
static bool know_field(struct cutting *c, struct format_part *part)
{
    size_t steps = furthest(c->shape, part);
    for (size_t i = 0; i < HEADINGS && steps == 0; i++) {
        struct format_part other = *part;
        other.step[0] = headings[i].field;
        other.len[0] = strlen(headings[i].field);
        other.as_time = headings[i].as_time;
        if (strlen(headings[i].heading) != part->len[0] ||
            memcmp(headings[i].heading, part->step[0], part->len[0]) != 0)
            continue;
        steps = furthest(c->shape, &other);
        if (steps > 0)
            *part = other;
    }
    if (steps == 0)
        return no_field(c, part);
    if (steps != SIZE_MAX)
        return refuse(c, "--format: \"%.*s\" holds no \"%.*s\"", (int)part->len[steps - 1],
                      part->step[steps - 1], (int)part->len[steps], part->step[steps]);
    return true;
}

/* ---- the format, cut ---- */

static struct format_part *new_part(struct cutting *c)
{
    if (c->format->part_count == FORMAT_PARTS_MAX) {
        refuse(c, "--format has more than %d parts", FORMAT_PARTS_MAX);
        return NULL;
    }
    struct format_part *part = &c->format->parts[c->format->part_count++];
    memset(part, 0, sizeof(*part));
    return part;
}

static bool add_text(struct cutting *c, const char *text, size_t len)
{
    struct format_part *part = len ? new_part(c) : NULL;
    if (part) {
        part->step[0] = text;
        part->len[0] = len;
    }
    return part || len == 0;
}

/* One name on the way: up to a dot, or in quotes. False: refused. */
static bool take_step(struct cutting *c, struct format_part *part, const char *end)
{
    bool quoted = *c->at == '"';
    char *name = c->at + quoted;
    size_t len = 0;
    while (name + len < end && name[len] != (quoted ? '"' : '.'))
        len++;
    char *behind = name + len + quoted;
    if (len == 0 || len >= FORMAT_NAME_BYTES || behind > end || (behind < end && *behind != '.') ||
        (behind < end && behind + 1 == end))
        return refuse(c, "--format: there is no name where one should be, at \"%.60s\"", c->at);
    if (part->steps == FORMAT_STEPS_MAX)
        return refuse(c, "--format: a way of more than %d names", FORMAT_STEPS_MAX);
    part->step[part->steps] = name;
    part->len[part->steps++] = len;
    c->at = behind + (behind < end);
    return true;
}

static bool add_field(struct cutting *c, const char *end)
{
    struct format_part *part = new_part(c);
    if (!part)
        return false;
    do {
        if (!take_step(c, part, end))
            return false;
    } while (c->at < end);
    return know_field(c, part);
}

/* Fields with commas between them. */
static bool cut_list(struct cutting *c)
{
    for (;;) {
        c->at += strspn(c->at, " ");
        size_t len = strcspn(c->at, ","), used = len;
        char *comma = c->at + len;
        while (used > 0 && c->at[used - 1] == ' ')
            used--;
        if (!add_field(c, c->at + used))
            return false;
        if (!*comma)
            return true;
        c->at = comma + 1;
        if (!add_text(c, "\t", 1))
            return false;
    }
}

/* Text up to a field, in which escapes are undone in place. */
static bool cut_text(struct cutting *c)
{
    char *begin = c->at, *end = c->at;
    for (; *c->at && (*c->at != '{' || c->at[1] == '{'); c->at++) {
        bool doubled = (*c->at == '{' || *c->at == '}') && c->at[1] == *c->at;
        bool escape = *c->at == '\\' && c->at[1] && strchr("tn\\", c->at[1]);
        if (*c->at == '}' && !doubled)
            return refuse(c, "--format: \"}\" without \"{\" (a brace itself is written twice)");
        c->at += doubled || escape;
        *end++ = !escape ? *c->at : *c->at == 't' ? '\t' : *c->at == 'n' ? '\n' : '\\';
    }
    return add_text(c, begin, (size_t)(end - begin));
}

static bool cut_template(struct cutting *c)
{
    while (*c->at) {
        if (!cut_text(c))
            return false;
        if (!*c->at)
            return true;
        const char *end = strchr(++c->at, '}');
        if (!end)
            return refuse(c, "--format: \"{\" without \"}\" (a brace itself is written twice)");
        if (!add_field(c, end))
            return false;
        c->at++;
    }
    return true;
}

bool format_parse(struct format *format, const char *text, const struct shape *shape,
                  char why[FORMAT_WHY_BYTES])
{
    struct cutting c = {.format = format, .shape = shape, .at = format->text, .why = why};
    format->part_count = 0;
    if (strlen(text) >= FORMAT_TEXT_BYTES)
        return refuse(&c, "--format is longer than %d bytes", FORMAT_TEXT_BYTES - 1);
    snprintf(format->text, FORMAT_TEXT_BYTES, "%s", text);
    return strpbrk(text, "{}") ? cut_template(&c) : cut_list(&c);
}

/* ---- records ---- */

static void print_text(FILE *out, bool visible, struct scan_text text)
{
    text.len = json_string_unescape(text.ptr + 1, text.len - 2);
    if (visible)
        event_out_print_visible(out, text.ptr + 1, text.len);
    else
        fwrite_unlocked(text.ptr + 1, 1, text.len, out);
}

/* The record is ours: a text is unescaped where it stands, in a copy, since it may be wanted again. */
static void print_value(FILE *out, bool visible, struct scan_text value)
{
    char *copy = value.ptr[0] == '"' ? malloc(value.len) : NULL;
    if (copy) {
        memcpy(copy, value.ptr, value.len);
        print_text(out, visible, (struct scan_text){copy, value.len});
    } else {
        fwrite_unlocked(value.ptr, 1, value.len, out);
    }
    free(copy);
}

static void print_field(FILE *out, bool visible, const struct format_part *part,
                        struct scan_text value)
{
    char time[TIME_TEXT_BYTES];
    for (size_t i = 0; i < part->steps; i++)
        if (!scan_step(value, part->step[i], part->len[i], &value))
            return;
    if (!part->as_time) {
        print_value(out, visible, value);
        return;
    }
    time_text_print(strtoll(value.ptr, NULL, 10), time);
    fputs(time, out);
}

void format_print(const struct format *format, FILE *out, bool visible, char *record, size_t len)
{
    for (size_t i = 0; i < format->part_count; i++) {
        const struct format_part *part = &format->parts[i];
        if (part->steps)
            print_field(out, visible, part, (struct scan_text){record, len});
        else
            fwrite_unlocked(part->step[0], 1, part->len[0], out);
    }
    putc_unlocked('\n', out);
}

void format_show(const struct format *format, void (*write)(FILE *out, const void *what),
                 const void *what)
{
    char *record = NULL;
    size_t len;
    FILE *out = open_memstream(&record, &len);
    if (out)
        write(out, what);
    if (out && fclose(out) == 0)
        format_print(format, stdout, isatty(STDOUT_FILENO), record, len);
    else
        out_lose(ENOMEM);
    free(record);
}

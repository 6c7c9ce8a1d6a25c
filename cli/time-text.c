/*
 * time-text.c - a small reader of RFC 3339 and of durations.
 */
#include "cli/time-text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *unit;
    double ms;
} units[] = {{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}};

enum { UNITS = sizeof(units) / sizeof(units[0]) };

static bool duration_of(const char *text, const char *bare_unit, int64_t *ms)
{
    char *end;
    if (!isdigit((unsigned char)text[0]))
        return false;
    double number = strtod(text, &end);
    const char *unit = *end ? end : bare_unit;
    for (int i = 0; i < UNITS; i++) {
        double product = number * units[i].ms;
        if (strcmp(unit, units[i].unit) == 0 && product <= 3650.0 * 86400e3) {
            *ms = (int64_t)(product + 0.5);
            return true;
        }
    }
    return false;
}

bool time_text_duration(const char *text, int64_t *ms)
{
    return duration_of(text, "s", ms);
}

/* Exactly `digits` digits at *text, at most `most`. */
static bool take_digits(const char **text, int digits, int most, int *value)
{
    *value = 0;
    for (int i = 0; i < digits; i++, (*text)++) {
        if (!isdigit((unsigned char)**text))
            return false;
        *value = *value * 10 + (**text - '0');
    }
    return *value <= most;
}

static bool take(const char **text, char c)
{
    if (**text != c)
        return false;
    (*text)++;
    return true;
}

static bool take_date(const char **text, struct tm *tm)
{
    if (!take_digits(text, 4, 9999, &tm->tm_year) || !take(text, '-') ||
        !take_digits(text, 2, 12, &tm->tm_mon) || !take(text, '-') ||
        !take_digits(text, 2, 31, &tm->tm_mday) || tm->tm_mon < 1 || tm->tm_mday < 1)
        return false;
    tm->tm_year -= 1900;
    tm->tm_mon -= 1;
    return true;
}

/* ".123": what is behind the third digit is below our unit. */
static int take_fraction(const char **text)
{
    int ms = 0, weight = 100;
    if (!take(text, '.'))
        return 0;
    for (; isdigit((unsigned char)**text); (*text)++, weight /= 10)
        ms += (**text - '0') * weight;
    return ms;
}

static bool take_clock(const char **text, struct tm *tm, int *ms)
{
    if (!take(text, 'T') && !take(text, ' '))
        return **text == '\0';
    if (!take_digits(text, 2, 23, &tm->tm_hour) || !take(text, ':') ||
        !take_digits(text, 2, 59, &tm->tm_min))
        return false;
    if (take(text, ':') && !take_digits(text, 2, 60, &tm->tm_sec))
        return false;
    *ms = take_fraction(text);
    return true;
}

static bool take_zone(const char **text, int64_t *offset_s)
{
    int hours, minutes, sign = **text == '-' ? -1 : 1;
    *offset_s = 0;
    if (**text == '\0' || take(text, 'Z'))
        return true;
    if ((!take(text, '+') && !take(text, '-')) || !take_digits(text, 2, 23, &hours) ||
        !take(text, ':') || !take_digits(text, 2, 59, &minutes))
        return false;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool calendar_of(const char *text, int64_t *ms)
{
    struct tm tm = {0};
    int fraction_ms = 0;
    int64_t offset_s;
    if (!take_date(&text, &tm) || !take_clock(&text, &tm, &fraction_ms) ||
        !take_zone(&text, &offset_s) || *text)
        return false;
    int day = tm.tm_mday;
    time_t seconds = timegm(&tm);
    if (tm.tm_mday != day) /* the 31st of a short month */
        return false;
    *ms = ((int64_t)seconds - offset_s) * 1000 + fraction_ms;
    return true;
}

bool time_text_moment(const char *text, int64_t now_ms, int64_t *ms)
{
    int64_t ago_ms;
    if (duration_of(text, "", &ago_ms)) {
        *ms = now_ms - ago_ms;
        return true;
    }
    size_t digits = strspn(text, "0123456789");
    if (digits > 0 && digits < 16 && text[digits] == '\0') {
        *ms = strtoll(text, NULL, 10);
        return true;
    }
    return calendar_of(text, ms);
}

void time_text_print(int64_t ms, char out[TIME_TEXT_BYTES])
{
    struct tm tm;
    int64_t rest_ms = ((ms % 1000) + 1000) % 1000;
    time_t seconds = (time_t)((ms - rest_ms) / 1000);
    if (!gmtime_r(&seconds, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099) {
        snprintf(out, TIME_TEXT_BYTES, "%lld", (long long)ms);
        return;
    }
    size_t used = (size_t)snprintf(out, TIME_TEXT_BYTES, "%04d", tm.tm_year + 1900);
    used += strftime(out + used, TIME_TEXT_BYTES - used, "-%m-%dT%H:%M:%S", &tm);
    snprintf(out + used, TIME_TEXT_BYTES - used, ".%03dZ", (int)rest_ms);
}

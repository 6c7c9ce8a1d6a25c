/* quantity.c - see quantity.h. */
#include "store/quantity.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* By falling factor; the end has none. */
static const struct unit COUNT_UNITS[] = {{"", 1}, {NULL, 0}};
static const struct unit BYTE_UNITS[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
                                         {"B", 1},         {"", 1},          {NULL, 0}};
static const struct unit MS_UNITS[] = {
    {"h", 3600000}, {"min", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0}};

static const struct unit *units_of(enum quantity quantity)
{
    return quantity == QUANTITY_BYTES ? BYTE_UNITS
           : quantity == QUANTITY_MS  ? MS_UNITS
                                      : COUNT_UNITS;
}

bool quantity_parse(const char *text, enum quantity quantity, int64_t *out)
{
    int64_t value = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0)
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text[i] - '0', &value))
            return false;
    }
    const char *name = text + digits;
    if (name[0] == ' ' && name[1] != '\0')
        name++;
    if (value == 0 && *name == '\0') {
        *out = 0;
        return true;
    }
    for (const struct unit *unit = units_of(quantity); unit->name; unit++) {
        if (strcmp(unit->name, name) == 0)
            return !__builtin_mul_overflow(value, unit->factor, out);
    }
    return false;
}

const char *quantity_print(int64_t value, enum quantity quantity, char out[QUANTITY_TEXT_MAX])
{
    const struct unit *unit = units_of(quantity);
    while (unit[1].name && (value % unit->factor != 0 || value < unit->factor))
        unit++;
    bool bare = value == 0 || unit->name[0] == '\0';
    snprintf(out, QUANTITY_TEXT_MAX, "%lld%s%s", (long long)value / unit->factor, bare ? "" : " ",
             bare ? "" : unit->name);
    return out;
}

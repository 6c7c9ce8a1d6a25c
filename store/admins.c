/*
 * admins.c - see admins.h. The list is short and asked once a call, so it is walked as it stands.
 */
#include "store/admins.h"

#include <string.h>

#include "wire/text.h"

/* One name off the front, blanks around it left out; false: there is none. */
static bool next(const char **at, struct span *name)
{
    if (!*at)
        return false;
    const char *begin = *at + strspn(*at, " ");
    size_t len = strcspn(begin, ",");
    *at = begin[len] ? begin + len + 1 : NULL;
    while (len && begin[len - 1] == ' ')
        len--;
    *name = (struct span){(const uint8_t *)begin, len};
    return true;
}

bool admins_include(const char *names, const char *identity)
{
    struct span name;
    while (next(&names, &name))
        if (name.len && text_equal(name, text_span(identity)))
            return true;
    return false;
}

const char *admins_fault(const char *names)
{
    struct span name;
    while (next(&names, &name))
        if (name.len == 0)
            return "has a name that is empty: nobody has that";
    return NULL;
}

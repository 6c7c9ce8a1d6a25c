/*
 * owners.c - see owners.h. The list is short and asked once a session, so it is walked as it stands.
 */
#include "bus/owners.h"

#include <string.h>

#include "wire/text.h"

static const char *skip_spaces(const char *at)
{
    return at + strspn(at, " ");
}

/* One "name=identity" off the front; false: there is none. */
static bool next(const char **at, struct span *name, struct span *identity)
{
    const char *begin = skip_spaces(*at);
    size_t len = strcspn(begin, ",");
    const char *equals = memchr(begin, '=', len);
    if (*begin == '\0' || !equals)
        return false;
    *name = (struct span){(const uint8_t *)begin, (size_t)(equals - begin)};
    *identity = (struct span){(const uint8_t *)equals + 1, len - name->len - 1};
    while (identity->len && identity->data[identity->len - 1] == ' ')
        identity->len--;
    *at = begin + len + (begin[len] == ',');
    return true;
}

enum owners_answer owners_ask(const char *owners, struct span name, const char *identity)
{
    struct span whose, who;
    enum owners_answer answer = OWNERS_ANYBODY;
    while (owners && next(&owners, &whose, &who)) {
        if (!text_equal(whose, name))
            continue;
        if (text_equal(who, text_span(identity)))
            return OWNERS_YES;
        answer = OWNERS_NO;
    }
    return answer;
}

const char *owners_fault(const char *owners)
{
    struct span name, identity;
    if (!owners)
        return NULL;
    while (next(&owners, &name, &identity)) {
        if (text_name_fault(name) || memchr(name.data, '/', name.len) || text_is_reserved(name))
            return "has something that cannot be a service's name";
        if (text_equal(name, text_span("photon")))
            return "gives away \"photon\", which is the store's own";
        if (identity.len == 0)
            return "gives a service to nobody: name=identity";
    }
    return *skip_spaces(owners) ? "is not of the form name=identity,name=identity" : NULL;
}

/*
 * fault.c - see fault.h.
 */
#include "store/fault.h"

#include <errno.h>
#include <string.h>

enum log_fault fault_from_text(const char *text)
{
    if (strstr(text, strerror(ENOSPC)) || strstr(text, strerror(EDQUOT)))
        return LOG_FULL;
    if (strstr(text, "Corruption") || strstr(text, "create_if_missing is false") ||
        strstr(text, strerror(EINVAL))) /* LevelDB's word for a table that ends too early */
        return LOG_DAMAGED;
    if (strstr(text, "already held by process"))
        return LOG_LOCKED;
    return strstr(text, strerror(EACCES)) ? LOG_UNREADABLE : LOG_FAILED;
}

enum log_fault fault_tell(const char *dir, const char *what, const char *text, struct error *error)
{
    enum log_fault fault = fault_from_text(text);
    const char *advice = fault == LOG_FULL      ? "; make room"
                         : fault == LOG_DAMAGED ? "; run photond verify, restore a backup"
                                                : "";
    error_set(error, fault_reason(fault), "the store in %s %s: %s%s", dir, what, text, advice);
    return fault;
}

enum reason fault_reason(enum log_fault fault)
{
    switch (fault) {
    case LOG_FULL:
        return REASON_STORE_FULL;
    case LOG_DAMAGED:
        return REASON_CORRUPT;
    case LOG_FOREIGN:
    case LOG_FORMAT:
        return REASON_WRONG_STORE;
    default:
        return REASON_STORE_UNAVAILABLE;
    }
}

enum reason fault_of_write(enum log_fault fault)
{
    return fault == LOG_FULL || fault == LOG_DAMAGED ? fault_reason(fault)
                                                     : REASON_STORE_UNAVAILABLE;
}

enum reason fault_of_sync(int code)
{
    return code == ENOSPC || code == EDQUOT ? REASON_STORE_FULL : REASON_STORE_UNAVAILABLE;
}

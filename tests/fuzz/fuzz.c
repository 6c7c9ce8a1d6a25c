/*
 * fuzz.c - see fuzz.h.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/stat.h>

static struct span take(struct feed *feed, size_t len)
{
    struct span taken = {feed->at, len < feed->len ? len : feed->len};
    feed->at += taken.len;
    feed->len -= taken.len;
    return taken;
}

uint8_t feed_byte(struct feed *feed)
{
    struct span taken = take(feed, 1);
    return taken.len ? taken.data[0] : 0;
}

int64_t feed_number(struct feed *feed)
{
    static const int64_t borders[] = {-1,        INT32_MAX, INT32_MIN, UINT32_MAX,
                                      INT64_MAX, INT64_MIN, 1LL << 53, 1001};
    uint8_t which = feed_byte(feed);
    uint64_t any = 0;
    if (which < 64)
        return which;
    if (which < 128)
        return borders[which % (sizeof borders / sizeof borders[0])];
    struct span taken = take(feed, sizeof any);
    if (taken.len)
        memcpy(&any, taken.data, taken.len);
    return (int64_t)any;
}

struct span feed_line(struct feed *feed)
{
    const uint8_t *end = feed->len ? memchr(feed->at, '\n', feed->len) : NULL;
    struct span line = take(feed, end ? (size_t)(end - feed->at) : feed->len);
    if (end)
        take(feed, 1);
    return line;
}

static char *text_of(struct span text)
{
    char *copy = malloc(text.len + 1);
    if (!copy)
        abort();
    if (text.len)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return copy;
}

char *feed_text(struct feed *feed)
{
    struct span line = feed_line(feed);
    return line.len == 1 && line.data[0] == '-' ? NULL : text_of(line);
}

char *feed_rest(struct feed *feed)
{
    return text_of(take(feed, feed->len));
}

int fuzz_file(struct span content, char path[FUZZ_PATH_BYTES])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || fchmod(fd, 0600) != 0 ||
        (content.len && write(fd, content.data, content.len) != (ssize_t)content.len))
        abort();
    snprintf(path, FUZZ_PATH_BYTES, "/proc/self/fd/%d", fd);
    return fd;
}

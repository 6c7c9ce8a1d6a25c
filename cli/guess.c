/*
 * guess.c - the distance between words: letters added, left out, changed, or two swapped.
 */
#include "cli/guess.h"

#include <stdbool.h>
#include <string.h>

enum { WORD_MAX = 63 };

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

static size_t distance(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    size_t rows[3][WORD_MAX + 1]; /* this row and the two before it */
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *twice = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t cost = a[i - 1] != b[j - 1];
            now[j] = min3(now[j - 1] + 1, before[j] + 1, before[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                twice[j - 2] + 1 < now[j])
                now[j] = twice[j - 2] + 1;
        }
    }
    return rows[a_len % 3][b_len];
}

const char *guess_nearest(const char *given, const char *const *words, size_t count)
{
    const char *nearest = NULL;
    size_t given_len = strlen(given);
    if (given_len < 2 || given_len > WORD_MAX)
        return NULL;
    size_t least = given_len / 3 + 2; /* one more than what is near enough */
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i]) > WORD_MAX)
            continue;
        bool begins = strncmp(given, words[i], given_len) == 0; /* one who writes less means it */
        size_t d = begins ? 1 : distance(given, words[i]);
        if (d < least && d < strlen(words[i])) {
            least = d;
            nearest = words[i];
        }
    }
    return nearest;
}

/*
 * tempdir.c - see tempdir.h.
 */
#include "tests/lib/tempdir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *tempdir_new(void)
{
    const char *base = getenv("TMPDIR");
    char name[4096];
    snprintf(name, sizeof name, "%s/muon-test-XXXXXX", base ? base : "/tmp");
    char *dir = mkdtemp(name) ? strdup(name) : NULL;
    if (!dir) {
        perror("tempdir_new");
        abort();
    }
    return dir;
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void tempdir_remove(char *dir)
{
    nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(dir);
}

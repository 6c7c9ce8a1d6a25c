/*
 * tempdir.c - see tempdir.h.
 */
#include "tests/lib/tempdir.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void need(int ok, const char *what)
{
    if (!ok) {
        perror(what);
        abort();
    }
}

char *tempdir_new(void)
{
    const char *base = getenv("TMPDIR");
    char *dir = tempdir_path(base ? base : "/tmp", "muon-test-XXXXXX");
    need(mkdtemp(dir) != NULL, "tempdir_new");
    return dir;
}

static int permit_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)ftw;
    if (flag == FTW_D || flag == FTW_DNR)
        chmod(path, (st->st_mode & 07777) | 0700);
    return 0;
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
    if (!dir)
        return;
    nftw(dir, permit_entry, 16, FTW_PHYS);
    nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(dir);
}

char *tempdir_path(const char *dir, const char *name)
{
    char *path;
    need(asprintf(&path, "%s/%s", dir, name) >= 0, "tempdir_path");
    return path;
}

void tempdir_write(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    need(f != NULL, path);
    need(fputs(text, f) >= 0, path);
    need(fclose(f) == 0, path);
}

char *tempdir_read(const char *path, size_t *len)
{
    size_t size = 0;
    char *data = NULL;
    FILE *in = fopen(path, "re");
    if (!in)
        return NULL;
    FILE *out = open_memstream(&data, &size);
    need(out != NULL, "tempdir_read");
    for (int c = getc(in); c != EOF; c = getc(in))
        putc(c, out);
    fclose(in);
    need(fclose(out) == 0, "tempdir_read");
    if (len)
        *len = size;
    return data;
}

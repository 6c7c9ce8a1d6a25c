/*
 * contexts.c - read, change, replace.
 *
 * Whoever can write the file can send our events elsewhere, so one that others may write is not believed. Two changes at a time
 * would lose one of them: the lock is on the folder, since the file itself is replaced.
 */
#include "cli/contexts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 1 << 20 };

bool contexts_folder(char folder[CONTEXTS_PATH_BYTES])
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int len = -1;
    if (config && config[0])
        len = snprintf(folder, CONTEXTS_PATH_BYTES, "%s/muon", config);
    else if (home && home[0])
        len = snprintf(folder, CONTEXTS_PATH_BYTES, "%s/.config/muon", home);
    return len > 0 && len < CONTEXTS_PATH_BYTES;
}

bool contexts_name_is_valid(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
    return len > 0 && len <= CONTEXTS_NAME_MAX && !name[len] && name[0] != '.' && name[0] != '-' &&
           strcmp(name, CONTEXTS_NONE) != 0;
}

/* ---- what is read ---- */

static bool refuse(struct contexts *c, const char *what)
{
    snprintf(c->why, sizeof(c->why), "%.180s: %.60s", c->path, what);
    return false;
}

/* Every folder on the way, as private as the file. */
static bool make_folder(struct contexts *c, char *folder)
{
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(folder, 0700); /* the last one tells */
        *slash = '/';
    }
    if (mkdir(folder, 0700) == 0 || errno == EEXIST)
        return true;
    snprintf(c->why, sizeof(c->why), "cannot make %.180s: %s", folder, strerror(errno));
    return false;
}

static bool lock(struct contexts *c, char *folder)
{
    if (!make_folder(c, folder))
        return false;
    c->lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->lock >= 0 && flock(c->lock, LOCK_EX) == 0)
        return true;
    snprintf(c->why, sizeof(c->why), "cannot lock %.180s: %s", folder, strerror(errno));
    return false;
}

/* The members that we know are texts; what a later version has added stays as it is. */
static bool is_context(json_t *context)
{
    static const char *const members[] = {"server", "certs", "ca", "cert", "key"};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        json_t *member = json_object_get(context, members[i]);
        if ((member || i == 0) && !json_is_string(member))
            return false;
    }
    return json_object_size(context) > 0;
}

static bool check(struct contexts *c)
{
    const char *name;
    json_t *context, *current = json_object_get(c->file, "current");
    c->each = json_object_get(c->file, "contexts");
    if (!json_is_object(c->each) ||
        (current &&
         (!json_is_string(current) || !contexts_name_is_valid(json_string_value(current)))))
        return refuse(c, "it is no file of contexts");
    json_object_foreach(c->each, name, context)
    {
        char what[160];
        if (contexts_name_is_valid(name) && is_context(context))
            continue;
        snprintf(what, sizeof(what), "\"%.40s\" is no context", name);
        return refuse(c, what);
    }
    return true;
}

static bool may_be_believed(struct contexts *c, int fd)
{
    struct stat is;
    if (fstat(fd, &is) != 0)
        return refuse(c, strerror(errno));
    if (!S_ISREG(is.st_mode) || is.st_size > FILE_BYTES_MAX)
        return refuse(c, "it is no file of contexts");
    if (is.st_uid != geteuid() && is.st_uid != 0)
        return refuse(c, "it belongs to somebody else");
    if (is.st_mode & (S_IWGRP | S_IWOTH))
        return refuse(c, "others may write it: chmod 600 mends that");
    return true;
}

static bool read_file(struct contexts *c)
{
    json_error_t error;
    int fd = open(c->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        c->file = json_pack("{s:{}}", "contexts");
        c->each = json_object_get(c->file, "contexts");
        return c->each || refuse(c, "out of memory");
    }
    if (fd < 0)
        return refuse(c, strerror(errno));
    bool ok = may_be_believed(c, fd);
    if (ok)
        c->file = json_loadfd(fd, JSON_REJECT_DUPLICATES, &error);
    close(fd);
    if (ok && !c->file)
        snprintf(c->why, sizeof(c->why), "%.120s: line %d: %.90s", c->path, error.line, error.text);
    return ok && c->file && check(c);
}

bool contexts_open(struct contexts *c, bool to_change)
{
    char folder[CONTEXTS_PATH_BYTES];
    *c = (struct contexts){.lock = -1};
    if (!contexts_folder(folder)) {
        snprintf(c->why, sizeof(c->why), "neither XDG_CONFIG_HOME nor HOME is set");
        return false;
    }
    if (snprintf(c->path, sizeof(c->path), "%s/contexts.json", folder) >= (int)sizeof(c->path))
        return refuse(c, "the path is too long");
    return (!to_change || lock(c, folder)) && read_file(c);
}

void contexts_close(struct contexts *c)
{
    json_decref(c->file);
    if (c->lock >= 0)
        close(c->lock);
}

/* ---- what is written ---- */

/* Written and on disk, so that the name never stands for half a file. */
static bool write_to(struct contexts *c, int fd)
{
    if (json_dumpfd(c->file, fd, JSON_INDENT(2)) == 0 && write(fd, "\n", 1) == 1 && fsync(fd) == 0)
        return true;
    return refuse(c, strerror(errno));
}

bool contexts_save(struct contexts *c)
{
    char path[CONTEXTS_PATH_BYTES + 8];
    snprintf(path, sizeof(path), "%s.XXXXXX", c->path);
    int fd = mkostemp(path, O_CLOEXEC); /* 0600 */
    if (fd < 0)
        return refuse(c, strerror(errno));
    bool ok = write_to(c, fd);
    close(fd);
    if (ok && rename(path, c->path) != 0)
        ok = refuse(c, strerror(errno));
    if (!ok)
        unlink(path);
    else
        fsync(c->lock);
    return ok;
}

const char *contexts_current(const struct contexts *c)
{
    return json_string_value(json_object_get(c->file, "current"));
}

void contexts_set_current(struct contexts *c, const char *name)
{
    if (name)
        json_object_set_new(c->file, "current", json_string(name));
    else
        json_object_del(c->file, "current");
}

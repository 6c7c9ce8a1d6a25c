/*
 * backup-write.c - a backup file, written.
 *
 * It gets its name when all of it is on the disk. Until then it is FILE.new, so whatever goes wrong, what has the name is whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <zstd.h>

#include "cli/backup-block.h"
#include "cli/backup-file.h"
#include "cli/hex.h"

enum { LEVEL = 3 };

static bool fail(struct backup_writer *w, const char *what)
{
    snprintf(w->why, sizeof(w->why), "%s %s: %s", what, w->temporary ? w->temporary : w->path,
             strerror(errno));
    return false;
}

static bool put(struct backup_writer *w, const void *data, size_t len)
{
    w->bytes += len;
    return fwrite(data, 1, len, w->file) == len || fail(w, "cannot write");
}

static bool put_block(struct backup_writer *w, enum block_kind kind, const void *stored,
                      size_t stored_bytes, size_t bytes)
{
    uint8_t header[BLOCK_HEADER_BYTES];
    struct block block = {kind, (uint32_t)stored_bytes, (uint32_t)bytes};
    block_put(header, &block, stored, w->blocks++);
    return put(w, header, sizeof(header)) && put(w, stored, stored_bytes);
}

/* Takes the object over. */
static bool put_json(struct backup_writer *w, enum block_kind kind, json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    errno = ENOMEM;
    bool ok = text ? put_block(w, kind, text, strlen(text), strlen(text)) : fail(w, "cannot write");
    json_decref(object);
    free(text);
    return ok;
}

/* ---- beginning and end ---- */

bool backup_create(struct backup_writer *w, const char *path, const struct backup_head *head)
{
    char digest[HEX_DIGEST_BYTES];
    *w = (struct backup_writer){.path = path};
    size_t len = strlen(path) + sizeof(".new");
    w->temporary = malloc(len);
    if (!w->temporary)
        return fail(w, "cannot write");
    snprintf(w->temporary, len, "%s.new", path);
    int fd = open(w->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(w, "cannot make");
    w->file = fdopen(fd, "wb");
    if (!w->file) {
        close(fd);
        return fail(w, "cannot make");
    }
    hex_digest(head->after_digest, digest);
    return put(w, BACKUP_MAGIC, sizeof(BACKUP_MAGIC)) &&
           put_json(w, BLOCK_HEAD,
                    json_pack("{s:s,s:I,s:I,s:s,s:I}", "store-id", head->store_id, "incarnation",
                              (json_int_t)head->incarnation, "after-order-id",
                              (json_int_t)head->after, "after-digest", digest, "up-to-order-id",
                              (json_int_t)head->up_to));
}

static bool sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool ok = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
    if (fd >= 0)
        close(fd);
    free(folder);
    return ok;
}

bool backup_finish(struct backup_writer *w, const muon_sum *sum)
{
    char digest[HEX_DIGEST_BYTES];
    hex_digest(sum->digest, digest);
    if (!put_json(w, BLOCK_END,
                  json_pack("{s:I,s:I,s:I,s:s}", "events", (json_int_t)sum->events,
                            "first-order-id", (json_int_t)sum->first_order_id, "last-order-id",
                            (json_int_t)sum->last_order_id, "digest", digest)))
        return false;
    if (fflush(w->file) != 0 || fsync(fileno(w->file)) != 0)
        return fail(w, "cannot write");
    FILE *file = w->file;
    w->file = NULL;
    if (fclose(file) != 0)
        return fail(w, "cannot write");
    if (rename(w->temporary, w->path) != 0 || !sync_folder(w->path))
        return fail(w, "cannot give its name to");
    free(w->temporary);
    w->temporary = NULL;
    return true;
}

void backup_writer_end(struct backup_writer *w)
{
    if (w->file)
        fclose(w->file);
    if (w->temporary)
        unlink(w->temporary);
    free(w->temporary);
    free(w->packed);
    w->file = NULL;
    w->temporary = NULL;
    w->packed = NULL;
}

/* ---- a run ---- */

bool backup_write(struct backup_writer *w, const void *run, size_t len)
{
    size_t room = ZSTD_compressBound(len);
    if (room > w->packed_bytes) {
        uint8_t *bigger = realloc(w->packed, room);
        if (!bigger)
            return fail(w, "cannot write");
        w->packed = bigger;
        w->packed_bytes = room;
    }
    size_t packed = ZSTD_compress(w->packed, w->packed_bytes, run, len, LEVEL);
    errno = ENOMEM;
    if (ZSTD_isError(packed))
        return fail(w, "cannot write");
    return put_block(w, BLOCK_RUN, w->packed, packed, len);
}

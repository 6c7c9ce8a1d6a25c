/*
 * backup-read.c - a backup file, read and checked.
 *
 * Nothing of a block is looked at before its checksum holds, and nothing of the file is relied upon before its last block has been
 * seen; whoever wants to be sure before acting reads it twice.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <zstd.h>

#include "cli/backup-block.h"
#include "cli/backup-file.h"
#include "cli/hex.h"

static bool fail(struct backup_reader *r, const char *what)
{
    snprintf(r->why, sizeof(r->why), "%s: %s (at byte %llu)", r->path, what,
             (unsigned long long)r->offset);
    return false;
}

/* What stands at r->offset. A file that ends too early is told from one that cannot be read. */
static bool get(struct backup_reader *r, void *data, size_t len)
{
    if (fread(data, 1, len, r->file) == len)
        return true;
    return fail(r, ferror(r->file) ? strerror(errno)
                                   : "the file ends here, but not the backup: it was cut off");
}

static bool make_room(struct backup_reader *r, uint8_t **buffer, size_t *room, size_t bytes)
{
    if (bytes <= *room)
        return true;
    uint8_t *bigger = realloc(*buffer, bytes);
    if (!bigger)
        return fail(r, "out of memory");
    *buffer = bigger;
    *room = bytes;
    return true;
}

/* The next block, into r->packed. */
static bool get_block(struct backup_reader *r, struct block *block)
{
    uint8_t header[BLOCK_HEADER_BYTES];
    if (!get(r, header, sizeof(header)))
        return false;
    if (!block_read(header, block))
        return fail(r, "no block of a backup stands here: the file is damaged");
    if (!make_room(r, &r->packed, &r->packed_bytes, block->stored_bytes + 1u) ||
        !get(r, r->packed, block->stored_bytes))
        return false;
    if (!block_is_whole(header, block, r->packed, r->blocks))
        return fail(r, "the block's checksum is wrong: the file is damaged");
    r->packed[block->stored_bytes] = '\0';
    r->blocks++;
    return true;
}

static void step_over(struct backup_reader *r, const struct block *block)
{
    r->offset += BLOCK_HEADER_BYTES + block->stored_bytes;
}

/* ---- the first block ---- */

static bool read_head(struct backup_reader *r)
{
    const char *store_id, *digest;
    json_int_t incarnation, after, up_to;
    json_t *head = json_loads((const char *)r->packed, 0, NULL);
    bool ok = head &&
              json_unpack(head, "{s:s,s:I,s:I,s:s,s:I}", "store-id", &store_id, "incarnation",
                          &incarnation, "after-order-id", &after, "after-digest", &digest,
                          "up-to-order-id", &up_to) == 0 &&
              after >= 0 && up_to >= 0 && strlen(store_id) < BACKUP_ID_BYTES &&
              hex_digest_read(digest, strlen(digest), r->head.after_digest);
    if (ok) {
        strcpy(r->head.store_id, store_id);
        r->head.incarnation = incarnation;
        r->head.after = after;
        r->head.up_to = up_to;
        r->sum.last_order_id = after;
        memcpy(r->sum.digest, r->head.after_digest, MUON_DIGEST_BYTES);
    }
    json_decref(head);
    return ok || fail(r, "the first block does not say what the backup is of");
}

static bool read_begin(struct backup_reader *r)
{
    char magic[sizeof(BACKUP_MAGIC)];
    struct block block;
    if (fread(magic, 1, sizeof(magic), r->file) != sizeof(magic) ||
        memcmp(magic, BACKUP_MAGIC, strlen("muon backup ")) != 0)
        return fail(r, "this is not a backup");
    if (memcmp(magic, BACKUP_MAGIC, sizeof(magic)) != 0)
        return fail(r, "this backup is of another format, or was changed on its way");
    r->offset = sizeof(magic);
    if (!get_block(r, &block))
        return false;
    if (block.kind != BLOCK_HEAD)
        return fail(r, "the first block does not say what the backup is of");
    if (!read_head(r))
        return false;
    step_over(r, &block);
    return true;
}

bool backup_open(struct backup_reader *r, const char *path)
{
    *r = (struct backup_reader){.path = path};
    r->file = fopen(path, "rbe");
    if (!r->file) {
        snprintf(r->why, sizeof(r->why), "cannot read %s: %s", path, strerror(errno));
        return false;
    }
    if (fseek(r->file, 0, SEEK_END) == 0)
        r->size = (uint64_t)ftell(r->file);
    rewind(r->file);
    return read_begin(r);
}

void backup_reader_end(struct backup_reader *r)
{
    if (r->file)
        fclose(r->file);
    free(r->packed);
    free(r->run);
    r->file = NULL;
    r->packed = r->run = NULL;
}

/* ---- the others ---- */

static bool read_run(struct backup_reader *r, const struct block *block)
{
    muon_error error;
    size_t used;
    if (!make_room(r, &r->run, &r->run_bytes, block->bytes + 1u))
        return false;
    size_t len = ZSTD_decompress(r->run, r->run_bytes, r->packed, block->stored_bytes);
    if (ZSTD_isError(len) || len != block->bytes || len == 0)
        return fail(r, "the block cannot be unpacked");
    if (muon_sum_add(&r->sum, r->run, len, INT64_MAX, &used, &error) != MUON_OK)
        return fail(r, error.message);
    return true;
}

static bool read_end(struct backup_reader *r, const struct block *block)
{
    const char *text;
    json_int_t events, first, last;
    uint8_t digest[MUON_DIGEST_BYTES];
    json_t *end = json_loads((const char *)r->packed, 0, NULL);
    bool ok = end &&
              json_unpack(end, "{s:I,s:I,s:I,s:s}", "events", &events, "first-order-id", &first,
                          "last-order-id", &last, "digest", &text) == 0 &&
              hex_digest_read(text, strlen(text), digest) && events == r->sum.events &&
              first == r->sum.first_order_id && last == r->sum.last_order_id &&
              memcmp(digest, r->sum.digest, sizeof(digest)) == 0;
    json_decref(end);
    if (!ok)
        return fail(r, "the backup does not come to what its last block says");
    step_over(r, block);
    if (getc(r->file) != EOF)
        return fail(r, "the backup ends here, but not the file");
    r->is_at_end = true;
    return true;
}

bool backup_read(struct backup_reader *r, const void **run, size_t *len)
{
    struct block block;
    *len = 0;
    if (r->is_at_end)
        return true;
    if (!get_block(r, &block))
        return false;
    if (block.kind == BLOCK_END)
        return read_end(r, &block);
    if (block.kind != BLOCK_RUN)
        return fail(r, "a second backup begins here: the file was put together of two");
    if (!read_run(r, &block))
        return false;
    step_over(r, &block);
    *run = r->run;
    *len = block.bytes;
    return true;
}

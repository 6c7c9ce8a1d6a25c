/*
 * backup-block.h - a block of a backup file (docs/backup-format.md):
 *
 *   kind 1, zero 3, stored bytes 4, bytes 4, zero 4, checksum 8; then the stored bytes. Numbers are little-endian.
 *
 * A head and an end are JSON, stored as they are; a run is compressed by zstd.
 */
#ifndef MUON_CLI_BACKUP_BLOCK_H
#define MUON_CLI_BACKUP_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BACKUP_MAGIC                                                                               \
    "muon backup 1\n\r\n" /* the file's first bytes: a transfer that changes line ends is noticed */

enum block_kind { BLOCK_HEAD = 'H', BLOCK_RUN = 'R', BLOCK_END = 'E' };
enum { BLOCK_HEADER_BYTES = 24, BLOCK_AT_CHECKSUM = 16, BLOCK_BYTES_MAX = 8 << 20 };

struct block {
    enum block_kind kind;
    uint32_t stored_bytes, bytes; /* in the file, and unpacked */
};

/* number: of the block in its file, from 0. */
void block_put(uint8_t header[BLOCK_HEADER_BYTES], const struct block *block, const void *content,
               uint64_t number);
/* False: not a block's. */
bool block_read(const uint8_t header[BLOCK_HEADER_BYTES], struct block *block);
bool block_is_whole(const uint8_t header[BLOCK_HEADER_BYTES], const struct block *block,
                    const void *content, uint64_t number);

#endif

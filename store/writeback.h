/*
 * writeback.h - LevelDB's tables go to the disk while they are written, not all at once when they are synced.
 *
 * LevelDB writes a table of a whole write buffer into the page cache and then syncs it. The disk is busy with it for a tenth of a
 * second, and a commit's sync of the log waits behind it. So each piece of a table is handed to the disk as soon as it is there: a thread is
 * told by inotify(7) what is written, and asks for it by sync_file_range(2). Nothing depends on it but time: what counts is LevelDB's own sync.
 */
#ifndef PHOTON_WRITEBACK_H
#define PHOTON_WRITEBACK_H

#include <sys/types.h>

/* Begin to write these bytes of a file to the disk; does not wait for it. Called by the thread. */
typedef void writeback_hand(void *user, int fd, off_t offset, off_t bytes);

enum { WRITEBACK_PIECE_BYTES = 256 * 1024 };

/* Follow the newest *.ldb of a directory. hand: NULL for sync_file_range. NULL: the system has no room for another watch or thread; nothing is
 * lost but the evenness. */
struct writeback;
struct writeback *writeback_open(const char *dir, writeback_hand *hand, void *user);
void writeback_close(struct writeback *w); /* NULL is fine */

#endif

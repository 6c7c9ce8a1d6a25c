/*
 * sampler.h - how it stands with the disk and LevelDB, for metrics: asked on a reader thread, because a disk may keep whoever asks waiting.
 *
 * There is one look at a time. Whoever wants to know starts one, waits for it a little, and takes what the newest look has found, so a disk
 * that hangs holds up a reader thread and nobody else.
 */
#ifndef PHOTON_SAMPLER_H
#define PHOTON_SAMPLER_H

#include "store/log.h"
#include "store/metrics.h"
#include "store/readers.h"

struct sampler;

/* data_dir: borrowed until sampler_close. NULL: no memory. */
struct sampler *sampler_open(struct log *log, const char *data_dir, struct readers *readers);
/* Wait for the look that is under way; none may be started any more. Before readers_close. NULL is fine. */
void sampler_close(struct sampler *sampler);

/* Fill in what *metrics has of the disk and LevelDB. Not on a poller or a reader thread. */
void sampler_take(struct sampler *sampler, int64_t wait_ms, struct metrics *metrics);

/* Read the table that LevelDB prints as "leveldb.stats" into *metrics. false: it is not of that form. */
bool sampler_read_stats(const char *text, struct metrics *metrics);

#endif

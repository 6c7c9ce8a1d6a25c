/*
 * retention.h - the verb `muon retention`: how long are events kept?
 */
#ifndef MUON_CLI_RETENTION_H
#define MUON_CLI_RETENTION_H

#include "cli/args.h"

/* Run it. Returns the exit code; failures have been told. */
int retention_run(const struct args *args);

enum { RETENTION_TEXT_BYTES = 96 };
/* "30d, 1000 events"; 0: no such limit; "everything": none at all. */
void retention_text(int64_t max_age_ms, int64_t max_count, char out[RETENTION_TEXT_BYTES]);

#endif

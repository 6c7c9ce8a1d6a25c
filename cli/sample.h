/*
 * sample.h - what `muon top` shows, as one JSON object: asked for, and with the rates since the one before.
 */
#ifndef MUON_CLI_SAMPLE_H
#define MUON_CLI_SAMPLE_H

#include <jansson.h>
#include <stdint.h>

#include "muon/muon.h"

/* {"stats":{…},"rates":{…},"services":[…],"subscriptions":[…],"streams":[…]}; before: the sample before, or NULL: then without rates.
 * MUON_OK: *out is the caller's. Each of the questions may take timeout_ms. */
int32_t sample_take(muon_client *client, const json_t *before, int32_t timeout_ms, json_t **out,
                    muon_error *error);

#endif

/*
 * retention.h - a retention policy as text.
 */
#ifndef MUON_SDK_RETENTION_H
#define MUON_SDK_RETENTION_H

#include "sdk/src/text_out.h"
#include "wire/codec-retention.h"

/* {"pattern":…,"max-age-ms":…,"max-count":…,"order-id":…} */
void retention_print(struct text_out *out, const struct retention *retention);

#endif

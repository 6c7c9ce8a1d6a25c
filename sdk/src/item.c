/*
 * item.c - freeing what an item holds.
 */
#include "sdk/src/item.h"

#include <stdlib.h>

static const muon_error out_of_memory = {
    .code = MUON_ENOMEM,
    .flags = MUON_RETRYABLE | MUON_MAYBE_APPLIED,
    .grpc_status = -1,
    .message = "out of memory while telling what had happened",
};

const muon_error *item_error(const muon_error *error)
{
    muon_error *copy = malloc(sizeof *copy);
    if (!copy)
        return &out_of_memory;
    *copy = *error;
    return copy;
}

void muon_item_clear(muon_item *item)
{
    if (!item)
        return;
    if (item->object && (item->kind == MUON_ITEM_BATCH || item->kind == MUON_ITEM_PAGE))
        muon_batch_free(item->object);
    if (item->object && item->kind == MUON_ITEM_REPLY)
        muon_reply_free(item->object);
    if (item->object && item->kind == MUON_ITEM_CALL)
        muon_call_free(item->object);
    if (item->error != &out_of_memory)
        free((void *)item->error);
    item->object = NULL;
    item->error = NULL;
}

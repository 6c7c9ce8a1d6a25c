/*
 * item.h - what an item may own besides its object.
 */
#ifndef MUON_SDK_ITEM_H
#define MUON_SDK_ITEM_H

#include <muon/muon.h>

/* A failure for an item: a copy to be freed by muon_item_clear. Never NULL: when memory is out, a static MUON_ENOMEM. */
const muon_error *item_error(const muon_error *error);

#endif

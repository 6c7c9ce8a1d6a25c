/*
 * memory.c - see memory.h.
 *
 * mallopt(3), M_MMAP_THRESHOLD: when a block is freed that had come from the system by itself, blocks up to its size are kept from
 * then on, and twice as much at an arena's end; an application that has set a threshold has switched that off. So one block, which
 * is never written to, sets both, and overrules nobody as mallopt would.
 */
#include "wire/memory.h"

#include <stdlib.h>

enum { KEPT_BYTES = 1 << 20 };

void memory_keep(void)
{
    void *volatile block =
        malloc(KEPT_BYTES); /* volatile: a block that nobody uses need not be made */
    free(block);
}

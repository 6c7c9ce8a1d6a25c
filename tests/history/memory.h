/*
 * memory.h - memory of the checker, which ends with a message when there is none.
 */
#ifndef TESTS_HISTORY_MEMORY_H
#define TESTS_HISTORY_MEMORY_H

#include <stddef.h>

void *memory_new(size_t count, size_t size); /* zeroed; to be freed */
void *memory_more(void *old, size_t count, size_t size);

#endif

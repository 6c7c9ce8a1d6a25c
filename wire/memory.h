/*
 * memory.h - the memory of a message serves the next one.
 */
#ifndef MUON_WIRE_MEMORY_H
#define MUON_WIRE_MEMORY_H

/* Have glibc keep freed blocks of up to 1 MiB, and up to 2 MiB at the end of each of its arenas, where it has been told nothing else:
 * by mallopt, by the environment, or by larger blocks that were freed before. As it comes, it gives messages of 128 KiB back to the
 * system at once, and each page of the next one is made anew. For the whole process; takes no memory. Any thread; once is enough. */
void memory_keep(void);

#endif

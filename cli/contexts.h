/*
 * contexts.h - the file of named servers, contexts.json in the folder of muon's settings:
 *
 *   {"current": NAME, "contexts": {NAME: {"server": URL, "certs": DIR, "ca": FILE, "cert": FILE, "key": FILE}, …}}
 *
 * "current" and each member of a context but "server" may be missing. The file is private to its owner, and is replaced as a
 * whole, so that whoever reads it sees what was before or what is after a change.
 */
#ifndef MUON_CLI_CONTEXTS_H
#define MUON_CLI_CONTEXTS_H

#include <jansson.h>
#include <stdbool.h>

enum { CONTEXTS_PATH_BYTES = 4096, CONTEXTS_NAME_MAX = 64, CONTEXTS_MAX = 1000 };

/* A name that stands for no context at all. */
#define CONTEXTS_NONE "none"

struct contexts {
    char path[CONTEXTS_PATH_BYTES];
    char why[256]; /* what failed, in a sentence */
    json_t *file;  /* the whole of it */
    json_t *each;  /* borrowed: the contexts by name, in the order in which they were added */
    int lock;      /* -1: only read */
};

/* Where muon keeps its settings: $XDG_CONFIG_HOME/muon, else ~/.config/muon. False: neither is set, or it is too long. */
bool contexts_folder(char folder[CONTEXTS_PATH_BYTES]);

/* 1 to CONTEXTS_NAME_MAX letters, digits, ".", "-", "_"; neither "." nor "-" first; not CONTEXTS_NONE. */
bool contexts_name_is_valid(const char *name);

/* Read the file; one that is not there has no contexts. With to_change others who change it wait until it is closed. False: why
 * says what is wrong. Close it either way. */
bool contexts_open(struct contexts *contexts, bool to_change);
bool contexts_save(struct contexts *contexts); /* false: why; the file is as it was */
void contexts_close(struct contexts *contexts);

/* The context in use; NULL: none. */
const char *contexts_current(const struct contexts *contexts);
void contexts_set_current(struct contexts *contexts, const char *name); /* NULL: none */

#endif

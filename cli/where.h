/*
 * where.h - where the server is and who we are: each setting, and who has said so.
 *
 * The first of these that says something wins, for each setting by itself:
 *   1. an option
 *   2. the context that --context names
 *   3. the environment
 *   4. the context that MUON_CONTEXT names, else the one in use (`muon context use`)
 *   5. what is usual
 * Of one of them, a file that is named wins over the same file of a folder.
 */
#ifndef MUON_CLI_WHERE_H
#define MUON_CLI_WHERE_H

#include <stdbool.h>

#include "cli/args.h"
#include "cli/contexts.h"

#define WHERE_DEFAULT_URL "muon://localhost:10566"

enum where_setting { WHERE_SERVER, WHERE_CA, WHERE_CERT, WHERE_KEY, WHERE_SETTINGS };
enum { WHERE_VALUE_BYTES = CONTEXTS_PATH_BYTES + 32, WHERE_FROM_BYTES = CONTEXTS_NAME_MAX + 16 };

/* What a setting is, and where that comes from: "--ca", "$MUON_CERTS", "context shop", "default". */
struct where_value {
    char text[WHERE_VALUE_BYTES]; /* "": none */
    char from[WHERE_FROM_BYTES];
};

struct where {
    struct where_value value[WHERE_SETTINGS]; /* files: none without TLS */
    char context[CONTEXTS_NAME_MAX + 1];      /* the one that had a say; "": none */
    char context_from[WHERE_FROM_BYTES];      /* "--context", "$MUON_CONTEXT", "in use" */
    bool tls;
};

/* How a setting is called: "server", "ca", …; and the file of a folder that it is, NULL: it is none. */
const char *where_name(enum where_setting setting);

/* Find out. Whether the files can be read is not looked at. False: the failure has been told. */
bool where_find(const struct args *args, struct where *where, int *code);

/* A context made of the options and, where they say nothing, the environment; paths from the root on. A new reference; NULL:
 * the failure has been told. */
json_t *where_as_context(const struct args *args, int *code);

#endif

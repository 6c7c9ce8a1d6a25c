/*
 * scene.h - a real photond without TLS, a client that serves as "shop" (tags "eu" and "fast"), and one that asks.
 */
#ifndef TESTS_SDK_SCENE_H
#define TESTS_SDK_SCENE_H

#include "tests/lib/photond.h"
#include "tests/sdk/made.h"

#include <pthread.h>

enum { PATIENCE_MS = 60000 };

extern const made_settings scene_shop[];

struct scene {
    struct photond *p;
    muon_client *serves, *asks;
    muon_server *s;
    pthread_t thread; /* a test's own */
};

/* Serve a path and wait until it is registered. */
muon_server *scene_serve(muon_client *c, const char *path, const muon_serve_opts *opts);

/* path NULL: nothing is served yet. */
struct scene scene_open(const char *path, const muon_serve_opts *opts);
void scene_close(struct scene *scene);

/* The next call of a server, the next item of a queue, whatever it says. */
muon_call *scene_next(muon_server *s);
muon_item scene_item(muon_queue *q);

#endif

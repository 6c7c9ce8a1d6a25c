#include "tests/sdk/scene.h"

const made_settings scene_shop[] = {
    {"service.name", "shop"}, {"service.tags", "eu,fast"}, {NULL, NULL}};

muon_server *scene_serve(muon_client *c, const char *path, const muon_serve_opts *opts)
{
    muon_server *s;
    muon_error err;
    if (muon_serve(c, path, opts, &s, &err) != MUON_OK ||
        muon_ping(c, PATIENCE_MS, &err) != MUON_OK)
        fail_msg("%s", err.message);
    return s;
}

struct scene scene_open(const char *path, const muon_serve_opts *opts)
{
    const struct photond_options plain = {.plain = true};
    struct scene scene = {.p = photond_new(&plain)};
    assert_true(photond_start(scene.p));
    scene.serves = made_client(photond_url(scene.p), scene_shop);
    scene.asks = made_client(photond_url(scene.p), NULL);
    scene.s = path ? scene_serve(scene.serves, path, opts) : NULL;
    return scene;
}

void scene_close(struct scene *scene)
{
    muon_server_free(scene->s);
    made_close(scene->serves);
    made_close(scene->asks);
    photond_free(scene->p);
}

muon_call *scene_next(muon_server *s)
{
    muon_call *call;
    muon_error err;
    if (muon_server_next(s, &call, PATIENCE_MS, &err) != MUON_OK)
        fail_msg("%s", err.message);
    return call;
}

muon_item scene_item(muon_queue *q)
{
    muon_item item;
    assert_int_equal(muon_queue_wait(q, &item, 1, PATIENCE_MS), 1);
    return item;
}

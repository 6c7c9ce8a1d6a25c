/*
 * fake_once.h - the calls of fake_bus.h that are asked and answered once, always alike: a store, and a service "shop" with one instance.
 */
#ifndef TESTS_SDK_FAKE_ONCE_H
#define TESTS_SDK_FAKE_ONCE_H

#include "wire/serve.h"

void fake_once_info(struct serve_call *serve, void *service, struct bytes *message);
void fake_once_discover(struct serve_call *serve, void *service, struct bytes *message);
void fake_once_introspect(struct serve_call *serve, void *service, struct bytes *message);

#endif

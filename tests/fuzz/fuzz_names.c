/*
 * Fuzz names: patterns against the plainest of all matchers, URLs of services and of stores, targets, and what is asked of /stream.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/src/url.h"
#include "store/pattern.h"
#include "store/photon_stream_args.h"
#include "tests/fuzz/fuzz.h"
#include "wire/target.h"
#include "wire/text.h"

enum { PLAIN_BYTES_MAX = 48 };

static bool plain_match(struct span pattern, struct span name)
{
    if (pattern.len == 0)
        return name.len == 0;
    struct span rest = {pattern.data + 1, pattern.len - 1};
    if (pattern.len >= 2 && pattern.data[0] == '*' && pattern.data[1] == '*') {
        rest = (struct span){pattern.data + 2, pattern.len - 2};
        for (size_t i = 0; i <= name.len; i++)
            if (plain_match(rest, (struct span){name.data + i, name.len - i}))
                return true;
        return false;
    }
    return name.len > 0 && pattern.data[0] == name.data[0] &&
           plain_match(rest, (struct span){name.data + 1, name.len - 1});
}

static void patterns(struct feed *feed)
{
    struct span pattern = feed_line(feed), name = feed_line(feed);
    bool matched = pattern_match(pattern, name);
    if (matched)
        assert(pattern_begins(name, pattern_prefix(pattern)));
    size_t stars = 0;
    for (size_t i = 0; i < pattern.len; i++)
        stars += pattern.data[i] == '*';
    if (pattern.len > PLAIN_BYTES_MAX || name.len > PLAIN_BYTES_MAX || stars > 8)
        return; /* the plain one takes for ever */
    bool hidden = text_is_pattern(pattern) && text_is_reserved(name);
    assert(matched == (!hidden && plain_match(pattern, name)));
}

static void service_urls(struct feed *feed)
{
    struct span text = {feed->at, feed->len};
    struct bus_url url;
    if (!bus_url_split(text, &url)) {
        assert(url.service.len > 0 && url.path.len > 0 && url.path.data[0] == '/');
        assert(url.path.data + url.path.len + url.args.len <= text.data + text.len);
        assert(!bus_path_fault(url.path));
    }
    if (!bus_path_fault(text))
        assert(text.len > 0 && text.data[0] == '/');
    bus_endpoint_fault(text);
    text_name_fault(text);
}

static void store_urls(struct feed *feed)
{
    static struct url url;
    char uri[TARGET_BYTES], host[TARGET_HOST_BYTES], *text = feed_rest(feed);
    struct error error = {0};
    muon_error err = {0};
    int32_t status = url_parse(text, &url, &err);
    assert(status == MUON_OK || (status == MUON_EINVAL && err.message[0]));
    if (!strchr(text, ',')) { /* of a list the names are resolved */
        enum reason reason = target_parse(text, uri, host, &error);
        assert(reason == REASON_NONE ? host[0] != '\0' : error.message[0] != '\0');
    }
    free(text);
}

static void stream_args(struct feed *feed)
{
    struct span args = feed_line(feed), body = {feed->at, feed->len};
    struct subscribe_request request;
    struct error error = {0};
    struct bytes *encoded = photon_stream_args(args, body, &error);
    if (!encoded) {
        assert(error.message[0]);
        return;
    }
    assert(subscribe_request_decode(bytes_span(encoded), &request, &error) == REASON_NONE ||
           error.message[0]);
    bytes_unref(encoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const parts[])(struct feed * feed) = {patterns, service_urls, store_urls,
                                                        stream_args};
    struct feed feed = {data, len};
    parts[feed_byte(&feed) % 4](&feed);
    return 0;
}

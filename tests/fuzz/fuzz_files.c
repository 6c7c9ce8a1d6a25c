/*
 * Fuzz certificates, keys and authorities as both sides read them, three files in one input, each ended by a NUL: what cannot be used is
 * told in words.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sdk/src/credentials.h"
#include "store/certs.h"
#include "tests/fuzz/fuzz.h"
#include "wire/tls.h"

enum { FILES = 3, NAMES_MAX = 4 };

/* As libmuon has them. */
static void contents(char *const file[FILES])
{
    struct error error = {0};
    if (!tls_client_check(file[2][0] ? file[2] : NULL, file[0], file[1], &error))
        assert(error.message[0]);
}

static void paths(char path[FILES][FUZZ_PATH_BYTES])
{
    char names[NAMES_MAX][CERTS_NAME_MAX];
    struct error error = {0};
    struct muon_config config = {0};
    struct credentials credentials;
    muon_error err = {0};
    struct tls_server *tls =
        tls_server_open(path[0], path[1], path[2], TLS_CLIENT_REQUIRED, &error);
    assert(tls || error.message[0]);
    if (tls && !tls_server_reload(tls, &error))
        abort();
    tls_server_free(tls);
    certs_days_left(path[0]);
    assert(certs_names(path[0], names, NAMES_MAX) <= NAMES_MAX);
    config.text[CONFIG_TLS_CA_FILE] = path[2];
    config.text[CONFIG_TLS_CERT_FILE] = path[0];
    config.text[CONFIG_TLS_KEY_FILE] = path[1];
    if (credentials_load(&config, &credentials, &err) == MUON_OK)
        credentials_fini(&credentials);
    else
        assert(err.message[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *file[FILES], path[FILES][FUZZ_PATH_BYTES];
    int fd[FILES];
    for (int i = 0; i < FILES; i++) {
        const uint8_t *end = len ? memchr(data, 0, len) : NULL;
        size_t part = end && i < FILES - 1 ? (size_t)(end - data) : len;
        struct feed feed = {data, part};
        fd[i] = fuzz_file((struct span){data, part}, path[i]);
        file[i] = feed_rest(&feed);
        part += end && i < FILES - 1;
        data += part;
        len -= part;
    }
    contents(file);
    paths(path);
    for (int i = 0; i < FILES; i++) {
        free(file[i]);
        close(fd[i]);
    }
    return 0;
}

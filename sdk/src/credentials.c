/*
 * credentials.c - three small files. The key is wiped from memory once gRPC has its copy.
 */
#include "sdk/src/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/src/status.h"
#include "wire/tls.h"

enum { FILE_BYTES_MAX = 1 << 20 };

/* The content of an open file; NULL and errno. */
static char *content(int fd)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return NULL;
    if (!S_ISREG(info.st_mode) || info.st_size > FILE_BYTES_MAX) {
        errno = S_ISREG(info.st_mode) ? EFBIG : EINVAL;
        return NULL;
    }
    size_t size = (size_t)info.st_size, len = 0;
    char *text = malloc(size + 1);
    while (text && len < size) {
        ssize_t n = read(fd, text + len, size - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    if (text)
        text[len] = 0;
    return text;
}

static int32_t load(const struct muon_config *config, enum config_key key, const char *name,
                    char **out, muon_error *err)
{
    const char *path = config->text[key];
    if (!path)
        return MUON_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *out = fd < 0 ? NULL : content(fd);
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (!*out)
        return status_fail(err, MUON_EINVAL, "%s: cannot read %s: %s", name, path, strerror(why));
    return MUON_OK;
}

int32_t credentials_load(const struct muon_config *config, struct credentials *out, muon_error *err)
{
    struct credentials made = {0};
    int32_t status = load(config, CONFIG_TLS_CA_FILE, "tls.ca_file", &made.ca, err);
    if (status == MUON_OK)
        status = load(config, CONFIG_TLS_CERT_FILE, "tls.cert_file", &made.cert, err);
    if (status == MUON_OK)
        status = load(config, CONFIG_TLS_KEY_FILE, "tls.key_file", &made.key, err);
    if (status != MUON_OK)
        credentials_fini(&made);
    else
        *out = made;
    return status;
}

int32_t credentials_check(const struct muon_config *config, const struct credentials *credentials,
                          muon_error *err)
{
    struct error why;
    if (!tls_client_check(credentials->ca, NULL, NULL, &why))
        return status_fail(err, MUON_EINVAL, "%s (%s)", why.message,
                           config->text[CONFIG_TLS_CA_FILE]);
    if (!tls_client_check(NULL, credentials->cert, credentials->key, &why))
        return status_fail(err, MUON_EINVAL, "%s (%s, %s)", why.message,
                           config->text[CONFIG_TLS_CERT_FILE], config->text[CONFIG_TLS_KEY_FILE]);
    return MUON_OK;
}

void credentials_fini(struct credentials *credentials)
{
    if (credentials->key)
        explicit_bzero(credentials->key, strlen(credentials->key));
    free(credentials->ca);
    free(credentials->cert);
    free(credentials->key);
    *credentials = (struct credentials){0};
}

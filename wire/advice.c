/*
 * advice.c - a table of gRPC's phrases. They differ a little between releases; what is not found stays as gRPC has it.
 *
 * With TLS 1.3 a client has finished its handshake before the server looks at the client's certificate, so a refusal looks like a
 * connection that is closed at once; and so may a server that is just going down: that stays retryable.
 */
#include "wire/advice.h"

#include <stdio.h>
#include <string.h>

enum { UNAVAILABLE = 14, ANY = 1 << ADVICE_PLAIN | 1 << ADVICE_TLS | 1 << ADVICE_MUTUAL };

static const struct advice {
    const char *phrase;
    int sides; /* which of advice_side it is for, as bits */
    bool denied;
    const char *text;
} table[] = {
    {"certificate verify failed", ANY, true,
     "the server's certificate is not accepted: it has expired, or the CA file is not the one that "
     "signed it"},
    {"CERTIFICATE_VERIFY_FAILED", ANY, true,
     "the server's certificate is not accepted: it has expired, or the CA file is not the one that "
     "signed it"},
    {"is not in peer certificate", ANY, true,
     "the server's certificate is for another name: connect by a name that is in it, or give the "
     "server name"},
    {"wrong version number", ANY, true,
     "the server speaks plain text, not TLS: use a muon+insecure:// URL"},
    {"WRONG_VERSION_NUMBER", ANY, true,
     "the server speaks plain text, not TLS: use a muon+insecure:// URL"},
    {"Connection refused", ANY, false, "nobody listens there"},
    {"DNS resolution failed", ANY, false, "the host name is not known: check the URL"},
    {"Name or service not known", ANY, false, "the host name is not known: check the URL"},
    {"No such file or directory", ANY, false, "there is no such socket"},
    {"Socket closed", 1 << ADVICE_PLAIN, false,
     "the server closed the connection at once: if it demands TLS, use a muon:// URL"},
    {"Connection reset", 1 << ADVICE_PLAIN, false,
     "the server closed the connection at once: if it demands TLS, use a muon:// URL"},
    {"Socket closed", 1 << ADVICE_TLS, false,
     "the server closed the connection at once: it probably demands a client certificate, and none "
     "was given"},
    {"Connection reset", 1 << ADVICE_TLS, false,
     "the server closed the connection at once: it probably demands a client certificate, and none "
     "was given"},
    {"Socket closed", 1 << ADVICE_MUTUAL, false,
     "the server closed the connection at once: it probably does not accept the client's "
     "certificate"},
    {"Connection reset", 1 << ADVICE_MUTUAL, false,
     "the server closed the connection at once: it probably does not accept the client's "
     "certificate"},
};

/* Was it the connection that failed? */
static bool is_connection(const struct error *error)
{
    return error->grpc_status == UNAVAILABLE && error->reason == REASON_STORE_UNAVAILABLE &&
           (strstr(error->message, "failed to connect") ||
            strstr(error->message, "Failed to connect") ||
            strstr(error->message, "DNS resolution") || strstr(error->message, "handshake"));
}

void advice_add(struct error *error, enum advice_side side)
{
    if (!is_connection(error))
        return;
    error->maybe_applied = false;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct advice *advice = &table[i];
        if (!(advice->sides & 1 << side) || !strstr(error->message, advice->phrase))
            continue;
        char words[sizeof error->message], text[2 * sizeof error->message];
        memcpy(words, error->message, sizeof words);
        snprintf(text, sizeof text, "%s (%s)", advice->text, words);
        if (advice->denied) {
            error_set(error, REASON_DENIED, "%s", text);
            error->grpc_status = UNAVAILABLE;
        } else {
            size_t len = strlen(text);
            error_sentence(error->message, sizeof error->message,
                           (struct span){(uint8_t *)text, len});
        }
        return;
    }
}

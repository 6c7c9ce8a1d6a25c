/*
 * status.h - what functions return, what errors tell, and the texts that the library gives. Part of muon.h: include that.
 */
#ifndef MUON_STATUS_H
#define MUON_STATUS_H

#include <stddef.h>
#include <stdint.h>

#ifndef MUON_API
#if defined(MUON_STATIC)
#define MUON_API
#elif defined(_WIN32)
#define MUON_API __declspec(dllimport)
#else
#define MUON_API __attribute__((visibility("default")))
#endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ================================================================ version, status, errors == */

enum {
    MUON_VERSION = 100 /* this header: major*10000 + minor*100 + patch */
};

/* The version of the library that is running, composed as MUON_VERSION. */
MUON_API uint32_t muon_version(void);

enum {
    MUON_OK = 0,
    MUON_END = 1,         /* no more events: a cold replay, or a service's stream, is over */
    MUON_EAGAIN = -1,     /* in-flight limit reached, or nothing ready: drain the queue */
    MUON_ETIMEDOUT = -2,  /* the deadline passed */
    MUON_ECANCELLED = -3, /* by muon_cancel or by close; of a muon_call: the caller has gone */
    MUON_ECLOSED = -4,    /* object or client is closed */
    MUON_EINVAL = -5,     /* bad argument: the message names it */
    MUON_ENOMEM = -6,
    MUON_EUNAVAIL = -7,  /* the server cannot be reached, or is busy, full, or going down */
    MUON_ENOENT = -8,    /* no such event, service, path, file, operation */
    MUON_ECONFLICT = -9, /* an expected version does not match: see muon_error.version */
    MUON_EAUTH = -10,    /* missing or bad credentials */
    MUON_EPERM = -11,    /* not allowed */
    MUON_ETOOBIG = -12,  /* event, batch or message over a limit */
    MUON_EREMOTE = -13,  /* the responder or publisher was lost, or failed */
    MUON_EPROTO = -14,   /* unexpected answer from the peer */
    MUON_EFORKED = -15,  /* a client was opened before fork() */
    MUON_EUSER = -16,    /* your muon_apply_fn returned non-zero */
    MUON_EEXIST =
        -17, /* an event id has other content, part of a batch is stored; a path is served already */
    MUON_ECORRUPT = -18, /* the store's data is damaged: the message says where */
    MUON_EWRONGSTORE =
        -19, /* it is another store than the one read before: start over; or none for this: see backup.h */
    MUON_EINTERNAL = -99
};

/* muon_error.flags */
enum {
    MUON_RETRYABLE = 1,     /* the same call may succeed later */
    MUON_MAYBE_APPLIED = 2, /* outcome unknown; a retry with the same event ids is safe */
    MUON_FATAL = 4          /* this client cannot recover: close it */
};

/* What went wrong. 256 bytes, no free needed. */
typedef struct muon_error {
    int32_t code;            /* the MUON_E* that was returned */
    uint32_t flags;          /* MUON_RETRYABLE, ... */
    int32_t grpc_status;     /* -1: not from the wire */
    uint32_t retry_after_ms; /* when to try again; 0 says nothing */
    int64_t version;         /* MUON_ECONFLICT: the first conflict's stream's version in fact */
    uint32_t conflicts;      /* how many expectations failed */
    int32_t reason;          /* the server's muon.v1.Reason; 0: it gave none */
    char message[200];       /* one sentence, NUL-terminated UTF-8, cut if too long */
    char request_id[24]; /* what the server's log calls this failure; "": it was not the server's */
} muon_error;

/* The name of a status, "MUON_ECONFLICT". Static, never NULL ("MUON_?" for an unknown one). */
MUON_API const char *muon_status_name(int32_t status);

/* Text or data that the library gives: ptr is never NULL, and ptr[len] is 0. */
typedef struct muon_str {
    const char *ptr;
    size_t len;
} muon_str;

enum { MUON_FOREVER = -1 };

#ifdef __cplusplus
}
#endif
#endif /* MUON_STATUS_H */

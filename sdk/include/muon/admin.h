/*
 * muon/admin.h - what an operator asks of a running photond. The rules are those of muon.h.
 *
 * photond answers these only to its own user, by its admin socket ("muon+unix:/path/to/data/admin.sock"), and to clients whose
 * certificate names an identity that its setting `admin-names` lists; to anybody else with MUON_EPERM. Every function here may
 * return that.
 *
 * Answers are documents; in a minor release they may gain members. Counters count from photond's start. Times are
 * milliseconds since 1970.
 *
 * Everything here is since 0.1.0.
 */
#ifndef MUON_ADMIN_H
#define MUON_ADMIN_H

#include <muon/muon.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How the store is doing now, as {"time","started","version","store-id","log-level","head-order-id","writable","commits",
 * "batches","events","event-bytes","delivered-events","delivered-bytes","queue-bytes","queue-batches","subscriptions",
 * "sessions","services","table-bytes","disk-free-bytes"}. Rates are differences of two answers, divided by the difference of
 * their "time"; when "started" differs, photond has started anew in between. */
MUON_API int32_t muon_admin_stats(muon_client *c, int32_t timeout_ms, muon_reply **out,
                                  muon_error *err);

/* The subscriptions that are open, the newest first, as {"subscriptions":[{"number","peer","identity","stream-name",
 * "stream-type","state","position","lag-ms","events","waiting-bytes","since"}]}. "stream-type" is "hot-cold", "hot" or
 * "cold"; "state" is "reading" (it is behind), "live" (it has everything) or "stuck" (its client has taken nothing for a
 * second). MUON_ETOOBIG: there are more than an answer may hold. */
MUON_API int32_t muon_admin_subscriptions(muon_client *c, int32_t timeout_ms, muon_reply **out,
                                          muon_error *err);

/* The sessions of services that are open, the newest first, as {"sessions":[{"number","peer","identity","service",
 * "instance-id","endpoints","in-flight","calls","waiting-bytes","draining","since"}]}. "service" is "" for one that only
 * asks. MUON_ETOOBIG: likewise. */
MUON_API int32_t muon_admin_sessions(muon_client *c, int32_t timeout_ms, muon_reply **out,
                                     muon_error *err);

/* Change what photond logs, until its settings are read again or it ends; answers {"level","was"}.
 *   level  "error", "warning", "info" or "debug"; "settings": what the settings say.
 * MUON_EINVAL: no such level. */
MUON_API int32_t muon_admin_log_level(muon_client *c, const char *level, int32_t timeout_ms,
                                      muon_reply **out, muon_error *err);

/* Give back the space of what was deleted or replaced, now; takes about as long as writing all of the store. Answers, when it
 * is done, {"done-bytes","table-bytes"}: what was gone over, and what the tables take now.
 * MUON_EUNAVAIL: it is being compacted already, or has met an error, as a full disk; try again. MUON_ETIMEDOUT: it has ended
 * after the piece that was under way; what was done is done. */
MUON_API int32_t muon_admin_compact(muon_client *c, int32_t timeout_ms, muon_reply **out,
                                    muon_error *err);

#ifdef __cplusplus
}
#endif
#endif /* MUON_ADMIN_H */

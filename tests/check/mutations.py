"""Faults to plant in the code, one at a time, and the test that must catch each: see mutate.py, which plants them, and
docs/testing.md, which lists them."""
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Mutation:
    name: str    # for ./dev mutate NAME
    fault: str   # in words, for the document
    file: str
    old: str     # stands there exactly once
    new: str
    caught_by: str  # a ctest program


MUTATIONS = [
    Mutation("checksum-off", "a record's checksum is not looked at", "store/record.c",
             "little_get64(value.data + AT_CHECKSUM) == record_checksum(key_order_id, value);",
             "record_checksum(key_order_id, value) + 1 != 0;", "record_test"),
    Mutation("sync-off", "a commit is acknowledged before it is synced", "store/wal.c",
             "return fdatasync(file->fd) == 0 ? 0 : errno;", "return file->fd >= 0 ? 0 : errno;", "log_faults_test"),
    Mutation("leveldbs-sync-off", "what LevelDB itself must sync is not synced", "store/log.c",
             "leveldb_writeoptions_set_sync(log->write, 1);", "leveldb_writeoptions_set_sync(log->write, 0);",
             "log_faults_test"),
    Mutation("wrong-file-synced", "LevelDB has begun a new log, and the old one is synced", "store/wal.c",
             "is.st_size - wal->size < (off_t)bytes)", "is.st_size < wal->size)", "wal_test"),
    Mutation("new-log-unsynced", "a write that is not synced may begin a new log of LevelDB's, and leave a hole", "store/log.c",
             "return !log->wal_is_unknown && log->wal.held <= log->options.write_buffer_bytes &&",
             "return !log->wal_is_unknown &&", "wal_test"),
    Mutation("compacted-unsynced", "compacting does not wait for what is not synced, and may leave a hole", "store/unsynced.c",
             "    while (u->len > 0)\n", "    while (u->len > 1000)\n", "compact_test"),
    Mutation("torn-end-refused", "a log that a power cut has left in pieces is damage", "store/place.c",
             "(fault == LOG_DAMAGED && torn_mend(place))", "false", "torn_test"),
    Mutation("damage-cut-off", "a log is cut off before damage, however much stands behind it", "store/torn.c",
             "batches_behind(walk, whole) > TORN_BATCHES_MAX", "false", "torn_test"),
    Mutation("answered-before-sync", "commits are shown and answered while they are being synced", "store/durable.c",
             "if (atomic_load(&d->has_failed) || sync_files(d, commits, &error) != REASON_NONE) {",
             "if (atomic_load(&d->has_failed) && sync_files(d, commits, &error) != REASON_NONE) {",
             "commit_faults_test"),
    Mutation("writes-go-on", "after a write error LevelDB is written to again without reopening it", "store/ack.c",
             "    enum reason reason = ack->refused;\n", "    enum reason reason = REASON_NONE;\n", "log_faults_test"),
    Mutation("mark-not-checked", "a store that has lost acknowledged records opens", "store/tailcheck.c",
             "if (fault != LOG_OK || end->last_number >= marked)",
             "if (fault != LOG_OK || end->last_number + 1000 >= marked)", "log_test"),
    Mutation("mark-unsynced", "what is known to be acknowledged is not synced", "store/place.c",
             "return fdatasync(place->mark_fd) == 0;", "return place->mark_fd >= 0;", "durable_test"),
    Mutation("damaged-mark-is-none", "a damaged mark counts as one of a store that has acknowledged nothing", "store/place.c",
             "return sound || len == 0;", "return sound || len >= 0;", "verify_test"),
    Mutation("damage-is-a-pause", "after LevelDB has met damage the log is opened anew, again and again", "store/commit.c",
             "return c->down == REASON_CORRUPT ? WORK_NONE : WORK_RECOVER;", "return WORK_RECOVER;", "damage_test"),
    Mutation("unread-is-new", "an event id that cannot be looked up counts as a new one", "store/sequence.c",
             "        if (found < 0)\n            return false;", "        if (found < -1)\n            return false;", "read_faults_test"),
    Mutation("reused-id-is-a-retry", "a known event id with other content counts as a retry", "store/sequence.c",
             "    if (known->reused)\n", "    if (known->reused && known->known == 0)\n", "sequence_test"),
    Mutation("duplicates-not-checked", "event ids that are known are not found", "store/sequence.c",
             "        if (!found)\n            continue;", "        if (found >= 0)\n            continue;", "sequence_test"),
    Mutation("partial-is-a-retry", "a batch of which only a part is known counts as a retry", "store/sequence.c",
             "else if (known->known < sub->request.events_len)", "else if (known->known == 0)", "sequence_test"),
    Mutation("expectations-first", "expectations are checked before duplicates, so that a retry meets its own events",
             "store/sequence.c",
             "    if (sequence_duplicate(sub, &known))\n        return true;\n    if (!sequence_expect(s, sub, error))\n"
             "        return false;\n",
             "    if (!sequence_expect(s, sub, error))\n        return false;\n"
             "    if (!sub->error && sequence_duplicate(sub, &known))\n        return true;\n", "sequence_test"),
    Mutation("clock-goes-back", "order ids follow the clock, wherever it jumps", "store/sequence.c",
             "if (now_us > 0 && (uint64_t)now_us > first)", "if (now_us > 0)", "sequence_test"),
    Mutation("failed-write-succeeds", "those whose commit could not be written are told that it was",
             "store/commit.c", "    fail_all(taken, &unknown);\n", "    (void)unknown;\n", "commit_faults_test"),
    Mutation("given-up-ids-stay", "the event ids of a commit that was given up stay known when they cannot be read anew",
             "store/commit.c", "!down && sequence_reset(&c->sequence, before, &failed) != REASON_NONE)",
             "!down && sequence_reset(&c->sequence, before, &failed) == REASON_COUNT)", "memory_faults_test"),
    Mutation("order-broken-by-a-failure", "after a failure later emits of the same call are committed all the same",
             "store/commit.c", "if (sub->lane && sub->lane->broken)", "if (sub->lane && sub->bytes == SIZE_MAX)",
             "commit_faults_test"),
    Mutation("marker-too-early", "a subscriber is told that it has caught up before it has", "store/subscribe.c",
             "if (live && at_head && !sub->progress.caught_up)", "if (live && !sub->progress.caught_up)",
             "subscribe_test"),
    Mutation("importer-first", "a call is taken whole before others have their turn", "store/lane.c",
             "while (lane->waiting.first && taken->bytes < turn);",
             "while (lane->waiting.first && taken->bytes < bytes_max + turn);", "lane_test"),
    Mutation("cancel-behind-data", "what is urgent waits behind data", "wire/outbox.c",
             "outbox->urgent_first ? pop_urgent(outbox) : pop_turn(outbox);",
             "outbox->turn ? pop_turn(outbox) : pop_urgent(outbox);", "outbox_test"),
    Mutation("large-body-first", "an exchange sends all it has before others have their turn", "wire/outbox.c",
             "    lane->taken++;\n    outbox->turn = lane->next;\n", "    lane->taken++;\n", "outbox_test"),
    Mutation("credit-not-policed", "chunks beyond their credit pass", "bus/exchange.c",
             "return to->bytes <= 0 ? \"a chunk without credit\" : NULL;", "return NULL;", "flow_test"),
    Mutation("always-maybe-applied", "what never left may have been acted upon", "bus/exchange.c",
             "error->maybe_applied = error->maybe_applied && x->responder.lane.taken > 0;", "", "exchange_test"),
    Mutation("name-hijacked", "a service's name is anybody's, whoever serves it already", "bus/registry.c",
             "answer == OWNERS_ANYBODY && service &&", "answer == OWNERS_NO && service &&", "registry_test"),
    Mutation("caller-believed", "who calls may say who it is", "bus/session.c",
             "    frame->call.caller = text_span(serve_call_identity(s->call));\n", "", "session_test"),
    Mutation("last-answer-lost", "a session that drains ends before its last answer has left", "bus/session.c",
             "s->ends.len == 0 && s->outbox.bytes == 0", "s->ends.len == 0", "beat_test"),
    Mutation("asked-twice", "a request that had left is sent again on the next session", "sdk/src/request.c",
             "    if (unsent) /* it stays", "    if (unsent || status) /* it stays", "sdk_request_test"),
    Mutation("credit-ignored", "a large body is sent without waiting for credit", "sdk/src/exchange.c",
             "while (exchange->rest && exchange->bytes > 0 &&", "while (exchange->rest && exchange->bytes > INT64_MIN &&",
             "sdk_request_test"),
    Mutation("ready-too-early", "a client says that it is ready before what it serves is registered",
             "sdk/src/serving.c", "(c->servers.unconfirmed == 0 && now)", "now", "sdk_session_test"),
    Mutation("held-without-bound", "items wait for a slow network as long as there is credit", "sdk/src/exchange.c",
             "           exchange->waiting < EXCHANGE_WINDOW;", "           exchange->waiting < SIZE_MAX;",
             "sdk_stream_service_test"),
    Mutation("items-without-credit", "a publisher may send items without credit", "bus/exchange.c",
             "if (x->caller.items <= 0 || (item->body.len && x->caller.bytes <= 0))", "if (x->caller.items < INT64_MIN + 1)",
             "flow_test"),
    Mutation("confirmed-unregistered", "an endpoint is confirmed that is not registered", "bus/session.c",
             "} else if (registry_serve(s->bus, s->instance, endpoint, &error) != REASON_NONE) {", "} else if (s->lost) {",
             "session_test"),
    Mutation("epoch-not-compared", "a stale session of an instance replaces the newer one", "bus/registry.c",
             "if (hello->epoch <= old->epoch || !old->ops->replaced)", "if (!old->ops->replaced)", "session_test"),
    Mutation("maybe-applied-lost", "a caller is told that a request was not seen which a lost responder has seen",
             "bus/exchange.c",
             "    error.maybe_applied = x->responder.lane.taken > 0;\n    put_error(&x->caller, &error);",
             "    error.maybe_applied = false;\n    put_error(&x->caller, &error);", "requests_test"),
    Mutation("numbers-reused", "an exchange gets the number of one that still runs", "bus/session-end.c",
             "    s->last_server += 2;\n", "    s->last_server = 2 + (s->last_server & 6);\n", "requests_test"),
    Mutation("sixty-large-items", "what a large item took is paid back before anybody has read it", "bus/stream.c",
             "    int64_t lacks = s->end ? left - s->end->bytes : 0;\n", "    int64_t lacks = s->end ? left + (int64_t)len : 0;\n",
             "plain_test"),
    Mutation("everybody-administers", "whoever is let in may administer", "store/admin.c",
             "if (serve_call_is_private(call) || is_named(service, identity)) {", "if (service || identity) {", "admin_test"),
    Mutation("any-socket-administers", "a call by any listener counts as one by the admin socket", "wire/serve-call.c",
             "    bool local = property &&", "    bool local = property ||", "private_test"),
    Mutation("public-admin-socket", "the admin socket may be where others can put one of theirs", "wire/listen.c",
             "    else if (status.st_mode & (S_IWGRP | S_IWOTH))", "    else if (status.st_mode & S_ISVTX & S_IWGRP)",
             "private_test"),
    Mutation("deaf-session-kept", "what waits for a session that never reads grows without end", "bus/session.c",
             "    if (!s->ended && s->overrun)\n", "    if (!s->ended && s->overrun && s->lost)\n", "flow_test"),
    Mutation("digest-of-what-is-left", "an erased event counts for what is left of it, so that a digest changes", "store/stub.c",
             "    if (stub->own)\n", "    if (stub->own && stub->place.version == 0)\n", "snapshot_test"),
    Mutation("erased-while-held", "deleted events are erased while a snapshot is read", "store/hold.c",
             "all->erasing = left_ms(all) == 0;", "all->erasing = true;", "hold_test"),
    Mutation("imported-twice", "an import stores again what it has stored", "store/importing.c",
             "if (event->order_id <= imported->at.last_order_id)", "if (event->order_id == 0)", "snapshot_test"),
    Mutation("emits-among-an-import", "a store takes other events while an import is not finished", "store/sequence.c",
             "        !imported_is_open(&s->imported))\n", "        !s->imported.finished)\n", "snapshot_test"),
    Mutation("end-of-a-run-left-over", "what stands behind a run's entries counts as entries not taken", "sdk/src/entries.c",
             "*used = more == 0 ? len : len - before.len;", "*used = len - before.len;", "sdk_entries_test"),
    Mutation("import-outlives-photond", "an import that is open is not told that photond goes down", "store/import.c",
             "    for (struct import_call *c = first; c; c = c->next)\n", "    for (struct import_call *c = NULL; c; c = first)\n",
             "import_alone_test"),
    Mutation("backup-not-checked", "a backup's checksums are not looked at", "cli/backup-read.c",
             "if (!block_is_whole(header, block, r->packed, r->blocks))", "if (block->bytes > BLOCK_BYTES_MAX)",
             "cli_backup_file"),
    Mutation("context-unheard", "the environment comes before the context that an option names", "cli/where.c",
             "&speakers[args->context ? NAMED_CONTEXT : CONTEXT]", "&speakers[CONTEXT]", "cli_transcript_context"),
    Mutation("any-name-will-do", "the doctor does not see that the server's certificate is for another name", "cli/doctor-tls.c",
             "if (!is_for(cert, s->target->host)) {", "if (!is_for(cert, s->target->host) && !names[0]) {",
             "cli_doctor_Certificates"),
    Mutation("lost-output-is-done", "an output that could not be written is no failure", "cli/main.c",
             "if (!out_flush(&args, &output_code) && code == EXIT_DONE)",
             "if (!out_flush(&args, &output_code) && code == EXIT_FAILED)", "cli_Output"),
    Mutation("shape-not-told", "a member of what --json prints is missing in its table", "cli/shapes.c",
             '    {"duplicate", SHAPE_BOOL, NULL, "it had been stored before; the rest says where"},\n', "", "cli_matrix"),
    Mutation("format-takes-anything", "a field of --format that there is none of is taken", "cli/format.c",
             "    if (steps == 0)\n        return no_field(c, part);", "    if (steps == 0)\n        return true;", "cli_format"),
    Mutation("original-words-lost", "a new verb takes away what was short for a verb of the original", "cli/verbs.c",
             "    if (found)\n        return found;\n    for", "    for", "cli_transcript_original"),
    Mutation("always-ready", "photond says that it is ready while nothing can be written", "store/scrape.c",
             "return reason == REASON_NONE ?", "return reason != REASON_COUNT ?", "scrape_test"),
    Mutation("retries-counted-as-stored", "a retry is counted as a batch that was stored", "store/measures.c",
             "} else if (sub->duplicate) {", "} else if (sub->duplicate && sub->error) {", "measures_test"),
    Mutation("bins-not-added-up", "a histogram's bins are given one by one, and not counted together from below", "store/metrics_text.c",
             "count += values->bin[bin];", "count = values->bin[bin];", "metrics_test"),
    Mutation("request-not-named", "what is emitted while a request is served does not say so", "sdk/src/emit.c",
             "inherit(out, opts->in_call->caused_by, relation,", 'inherit(out, opts->in_call->caused_by, "CAUSED",', "sdk_event_test"),
    Mutation("refused-without-id", "a batch that is refused among others has no id", "store/emit_stream.c",
             "        serve_failed(s->call, sub->error);\n", "        s->sending = s->sending;\n", "failures_seen_test"),
    Mutation("failures-fill-the-log", "a client that fails in a loop fills the log", "store/failures.c",
             "if (rate->told == FAILURES_PER_SECOND) {", "if (rate->told == UINT16_MAX) {", "failures_test"),
    Mutation("one-failure-two-ids", "a session's last words and its status have different ids", "bus/session.c",
             "memcpy(error.request_id, s->request_id, sizeof error.request_id);", "error.request_id[0] = 0;", "counts_test"),
]


def rows():
    return [f"| {mutation.name} | {mutation.fault} | {mutation.caught_by} |" for mutation in MUTATIONS]


def check(root):
    """The document's table is this list, and what each changes is there, once."""
    shown = [line for line in Path(root, "docs/testing.md").read_text().split("\n") if line in rows()]
    found = [] if shown == rows() else ["docs/testing.md: its table of mutations should be:", *rows()]
    for mutation in MUTATIONS:
        path = Path(root, mutation.file)
        if not path.exists() or path.read_text().count(mutation.old) != 1:
            found.append(f"{mutation.file}: mutation {mutation.name} finds its place not exactly once")
    return found


if __name__ == "__main__":
    print("\n".join(rows()))

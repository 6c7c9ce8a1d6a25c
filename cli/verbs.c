/*
 * verbs.c - the table of verbs.
 *
 * A verb is also found by the beginning of its name, as long as only one begins so; what cannot be undone, or changes a whole
 * store, wants the whole name, so that `muon d` never deletes. What was enough for a verb of the original still is, whatever verbs there are now:
 * `muon d` discovers, `muon re` replays.
 */
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

#include "cli/admin.h"
#include "cli/backup.h"
#include "cli/bench.h"
#include "cli/context.h"
#include "cli/delete.h"
#include "cli/discover.h"
#include "cli/doctor.h"
#include "cli/emit.h"
#include "cli/export.h"
#include "cli/get.h"
#include "cli/guess.h"
#include "cli/help.h"
#include "cli/import-kept.h"
#include "cli/info.h"
#include "cli/introspect.h"
#include "cli/ping.h"
#include "cli/publish.h"
#include "cli/read.h"
#include "cli/replay.h"
#include "cli/restore.h"
#include "cli/retention.h"
#include "cli/rpc.h"
#include "cli/serve.h"
#include "cli/stream.h"
#include "cli/streams.h"
#include "cli/tail.h"
#include "cli/top.h"
#include "cli/verify.h"
#include "cli/why.h"

#define ASKS (OPTIONS_CONNECT | OPTION_OF_SERVICES | OPTION_RAW)
#define SERVES                                                                                     \
    (OPTIONS_CONNECT | OPTION_OF_SERVICES | OPTION_SERVICE | OPTION_TAG | OPTION_DOC |             \
     OPTION_TYPE | OPTION_COUNT)
#define MEASURES                                                                                   \
    (OPTIONS_CONNECT | OPTION_RATE | OPTION_DURATION | OPTION_IN_FLIGHT | OPTION_STREAMS |         \
     OPTION_PAYLOAD | OPTION_REMOVE)
#define SHOWS_EVENTS (OPTIONS_CONNECT | OPTIONS_PLACE | OPTION_RAW | OPTION_LIMIT | OPTION_FORMAT)

const struct verb verb_rows[] = {
    {"emit", "event", "[EVENT]", 0, 1,
     OPTIONS_CONNECT | OPTION_EXPECT | OPTION_BATCH | OPTION_KEEP_GOING | OPTION_FORMAT, false,
     "Store an event, or one event a line of standard input",
     "EVENT is a JSON object with \"stream-name\", \"event-type\", \"payload\" and, if wanted,\n"
     "\"event-id\", \"id\", \"schema\", \"service-id\", \"caused-by\", \"caused-by-relation\",\n"
     "\"content-type\", \"metadata\", \"traceparent\". The payload is kept byte for byte.\n"
     "\n"
     "Without EVENT, or with \"-\", each line of standard input is an event. They are sent\n"
     "without waiting for one another and stored in their order. An event whose \"event-id\" is\n"
     "stored already is not stored again, so an import that was cut off is simply run again.\n"
     "At the first line that is malformed or refused the import stops; what came before it is\n"
     "stored.",
     "muon emit "
     "'{\"stream-name\":\"orders/1\",\"event-type\":\"OrderPlaced\",\"payload\":{\"sum\":12}}'\n"
     "zcat events.ndjson.gz | muon emit",
     emit_run},
    {"replay", NULL, "STREAM [ARGS]", 1, 2, SHOWS_EVENTS | OPTION_TYPE, false,
     "Show what a stream holds, then end",
     "STREAM is a name, a pattern in which ** stands for anything, or __all__ for everything.\n"
     "\n"
     "ARGS is a JSON object: \"stream-type\" (\"cold\", what is stored, then the end: the "
     "default;\n"
     "\"hot\", only what comes from now on; \"hot-cold\", what is stored, then what comes), "
     "\"from\"\n"
     "(an order id, inclusive), \"from-version\", \"from-time\", \"limit\", \"event-type\" (one, "
     "or a\n"
     "list). Options say the same, and win. With -r the output can be given to `muon emit`.",
     "muon replay orders/1\n"
     "muon replay orders/1 --format '{order-id} {type} {payload.sum}'\n"
     "muon replay __all__ -r > backup.ndjson\n"
     "muon replay 'orders/**' '{\"stream-type\":\"hot-cold\",\"from\":0}'",
     replay_run},
    {"tail", NULL, "STREAM", 1, 1, SHOWS_EVENTS | OPTION_TYPE | OPTION_LAST, false,
     "Show the end of a stream, and what is added to it, until Ctrl-C",
     "Begins with the last 10 events: -n says how many, -n 0 none, -n all everything. With --from\n"
     "or the like it begins there. STREAM is as for `muon replay`.",
     "muon tail __all__\n"
     "muon tail 'orders/**' -n 0 --type OrderPlaced",
     tail_run},
    {"read", NULL, "STREAM", 1, 1, SHOWS_EVENTS | OPTION_BACKWARDS, false,
     "Show a page of a stream, in either direction",
     "Shows 20 events from the beginning, or with --backwards from the end; --limit says how "
     "many,\n"
     "--from and the like where to begin. STREAM is as for `muon replay`.",
     "muon read orders/1 --backwards --limit 1", read_run},
    {"get", NULL, "EVENT | STREAM VERSION", 1, 2, OPTIONS_CONNECT | OPTION_RAW | OPTION_FORMAT,
     false, "Show one event",
     "EVENT is an order id or an event id. A number is taken as an order id; to get an event "
     "whose\n"
     "event id is a number, write id:NUMBER.",
     "muon get 1763914719000000\n"
     "muon get orders/1 3",
     get_run},
    {"why", NULL, "EVENT | STREAM VERSION", 1, 2, OPTIONS_CONNECT | OPTION_FORMAT, false,
     "Show what has caused an event, and what has come of it",
     "Goes back from cause to cause to the first one, and shows everything that followed from it,\n"
     "across streams and services: each event below its cause, in the order in which they "
     "happened.\n"
     "Where a service was asked in between, the request stands above what it emitted meanwhile.\n"
     "The one that was asked for is marked. EVENT is as for `muon get`.",
     "muon why o1-paid\n"
     "muon why orders/1 3 --json",
     why_run},
    {"streams", NULL, "[PATTERN]", 0, 1, OPTIONS_CONNECT | OPTION_DELETED | OPTION_FORMAT, false,
     "List the streams, with the number of their events",
     "PATTERN is a name, or a pattern with **. FIRST and LAST are the versions of the first event "
     "that\n"
     "is kept and of the last one; KEEPS is what `muon retention` says for the stream, or "
     "tombstone "
     "if\n"
     "it was deleted for good.",
     "muon streams\n"
     "muon streams --deleted\n"
     "muon streams 'orders/**' --json",
     streams_run},
    {"delete", NULL, "STREAM", 1, 1, OPTIONS_CONNECT | OPTION_EXPECT | OPTION_TOMBSTONE, true,
     "Delete the events of a stream, for all readers",
     "The stream's versions go on where they ended, and no old event id can be stored again. This\n"
     "cannot be undone, and wants the verb's whole name.",
     "muon delete orders/1 --expect 3\n"
     "muon delete carts/7 --tombstone",
     delete_run},
    {"truncate", NULL, "STREAM --before VERSION", 1, 1,
     OPTIONS_CONNECT | OPTION_EXPECT | OPTION_BEFORE, true,
     "Delete the beginning of a stream, for all readers",
     "The events before VERSION are gone; those from it on keep their versions. Whoever reads the\n"
     "stream from its beginning is told that something is missing. This cannot be undone, and "
     "wants\n"
     "the verb's whole name.",
     "muon truncate orders/1 --before 100", truncate_run},
    {"retention", NULL, "[set PATTERN | clear PATTERN | list]", 0, 2,
     OPTIONS_CONNECT | OPTION_MAX_AGE | OPTION_MAX_COUNT, true, "Say how long events are kept",
     "set: of a stream, or of each stream that matches a pattern with **, events are deleted that\n"
     "were stored longer ago than --max-age, and those beyond the newest --max-count. Without "
     "both,\n"
     "everything is kept: an exception from a wider pattern. It goes on in the background, from "
     "now\n"
     "on, until clear. Of several policies that match a stream one counts: that of its own name, "
     "else\n"
     "the pattern with the most letters beside its **. What is deleted does not come back.",
     "muon retention\n"
     "muon retention set 'logs/**' --max-age 30d --max-count 100000\n"
     "muon retention clear 'logs/**'",
     retention_run},
    {"rpc", NULL, "SERVICE PATH [BODY]", 1, 3,
     ASKS | OPTION_TYPE | OPTION_CAUSED_BY | OPTION_FORMAT, false,
     "Ask a service, and show its answer",
     "SERVICE PATH may be one word: rpc://SERVICE/PATH, or request://SERVICE/PATH. BODY is JSON,\n"
     "or with --type anything; \"-\" reads it from standard input. A word that does not begin "
     "like\n"
     "JSON is a text: hello means \"hello\". The store itself is the service photon: `muon\n"
     "introspect photon` lists what it can be asked.\n"
     "\n"
     "The answer's body goes to standard output, with --json in an object that names the status,\n"
     "the service and the instance. An answer whose status is not 200 goes to standard error; the\n"
     "exit code is 11. A request that was sent is never sent again: with exit code 8 or 12 it may\n"
     "have been acted upon.",
     "muon rpc calculator /square 12\n"
     "muon rpc photon /stream-names\n"
     "muon rpc rpc://photos/scale - --type image/png -r < in.png > out.png",
     rpc_run},
    {"stream", NULL, "URL [ARGS]", 1, 2, ASKS | OPTION_LIMIT | OPTION_FORMAT, false,
     "Show what a service publishes, an item a line",
     "URL is stream://SERVICE/PATH?NAME=VALUE. ARGS is a JSON object whose members become such\n"
     "arguments. Ends when the publisher ends the stream; if the publisher or the connection is\n"
     "lost, with an error: there is no history to resume from.",
     "muon stream stream://shop/prices --limit 10\n"
     "muon stream stream://photon/stream "
     "'{\"stream-name\":\"orders/1\",\"stream-type\":\"cold\"}'",
     stream_run},
    {"serve", NULL, "[SERVICE] PATH", 1, 2, SERVES | OPTION_ANSWER | OPTION_EXEC | OPTION_WORKERS,
     false, "Answer requests to a service, until Ctrl-C",
     "The answer is the request's own body; with --answer a text; with --exec what a command\n"
     "prints, which finds the body on its standard input and MUON_PATH, MUON_CALLER and\n"
     "MUON_CONTENT_TYPE in its environment. If it does not end with 0, the answer has status 500\n"
     "and the last line of its standard error. When the caller gives up, the command gets\n"
     "SIGTERM. PATH may end in ** for all that begins so.\n"
     "\n"
     "What a command emits or asks with muon names the request, what caused it, and its trace:\n"
     "MUON_REQUEST, MUON_CAUSED_BY and MUON_TRACEPARENT, which are in its environment, too.\n"
     "\n"
     "Ctrl-C or SIGTERM ends it in order, with code 0: no new requests, those under way are\n"
     "finished. A restart of the server is a pause. The type of an answer is what --type says, "
     "else\n"
     "the request's own, or JSON, or text/plain where a command printed no JSON.",
     "muon serve shop /echo --tag eu --doc 'says it again'\n"
     "muon serve shop /stock --answer '{\"apples\":3}' --count 1\n"
     "muon serve shop '/sum/**' --workers 8 --exec jq add",
     serve_run},
    {"publish", NULL, "[SERVICE] PATH", 1, 2, SERVES | OPTION_COLD, false,
     "Publish lines of standard input to whoever subscribes",
     "Each line is an item: JSON, or text, or what --type says; empty lines are passed over.\n"
     "Subscribers (`muon stream`) get the lines that come after they have joined, and the stream\n"
     "ends with the input. With --cold all lines are kept, 1 GiB at most; each subscriber gets\n"
     "everything, and it goes on after the end of the input, until Ctrl-C or --count.\n"
     "\n"
     "Nobody misses a line without knowing. For a subscriber that is behind, 1024 lines or 64 MiB\n"
     "are kept; when they are full, no more input is read. If it takes nothing for 5 seconds, or\n"
     "what --timeout says, it is let go: its stream ends with an error that says so, and the "
     "others\n"
     "go on. With --cold nobody waits for anybody, and only the end is not waited for longer.",
     "tail -f prices.ndjson | muon publish shop /prices\n"
     "muon publish shop /menu --cold < menu.ndjson",
     publish_run},
    {"discover", NULL, "[NAME | tag:WORD]", 0, 1,
     ASKS | OPTION_WATCH | OPTION_LIMIT | OPTION_FORMAT, false,
     "List the services that are there now",
     "All of them, or the one of this name, or those with this tag. Streams are marked stream: "
     "among\n"
     "the endpoints; SINCE is when the oldest instance came. Nothing that matches is no error.\n"
     "\n"
     "With --watch it stays, and shows it again after each change of who is there, until Ctrl-C; "
     "with\n"
     "--json a document a line. What changes faster than it is read is shown once. A restart of "
     "the\n"
     "server is a pause.",
     "muon discover\n"
     "muon discover tag:eventstore --json\n"
     "muon discover --watch",
     discover_run},
    {"introspect", NULL, "SERVICE", 1, 1, ASKS, false, "List what a service offers", NULL,
     "muon introspect photon\n"
     "muon introspect photon -r",
     introspect_run},
    {"backup", NULL, "FILE", 1, 1, OPTIONS_CONNECT | OPTION_SINCE, false,
     "Write the whole history of a running store to a file",
     "The history as it is when the backup begins: what is stored or deleted meanwhile is not in "
     "it.\n"
     "Nobody has to wait. With --since FILE only what came after that backup. The file gets its "
     "name\n"
     "when it is whole and on the disk, and only then takes the place of one of that name.\n"
     "\n"
     "The digest that is shown is that of the store up to the order id that is shown, for ever:\n"
     "`muon verify` shows the same for the file, for the store, and for the one that it is "
     "restored\n"
     "into. Needs an administrator's certificate, or the admin socket.",
     "muon backup monday.mb\n"
     "muon backup tuesday.mb --since monday.mb",
     backup_run},
    {"restore", NULL, "FILE...", 1, ARGS_OPERANDS_MAX - 1, OPTIONS_CONNECT, true,
     "Restore backups into an empty store",
     "First a whole backup, then what was made with --since, in that order. All files are checked\n"
     "before the first event is sent. Order ids, versions, times and event ids are as they were.\n"
     "A store that holds events of its own is left alone. A restore that was cut off is simply "
     "run\n"
     "again, and goes on; until it is done the store takes nothing else.",
     "muon restore monday.mb tuesday.mb", restore_run},
    {"verify", NULL, "[FILE...]", 0, ARGS_OPERANDS_MAX - 1, OPTIONS_CONNECT | OPTION_UP_TO, false,
     "Check backups, or show the digest of the running store",
     "Each file is read to its end, and must follow upon the one before. Without a file, the "
     "store\n"
     "reads all it has, up to its head or --up-to. Equal digests up to the same order id mean "
     "equal\n"
     "histories. (`photond verify` checks a store's files and indexes, while it is stopped.)",
     "muon verify monday.mb tuesday.mb\n"
     "muon verify --up-to 1763914719000000",
     verify_run},
    {"export", NULL, "[FILE]", 0, 1, OPTIONS_CONNECT, false,
     "Write the whole history as lines of JSON",
     "Each line is an event as `muon replay -r` writes it; of an event that was erased it says "
     "what\n"
     "is left. Into a file it goes as FILE.part until it is whole; when it was cut off, the same\n"
     "command goes on. `muon import` makes the same store of it, `muon emit` new events.",
     "muon export history.ndjson\n"
     "muon export | zstd > history.ndjson.zst",
     export_run},
    {"import", NULL, "[FILE]", 0, 1, OPTIONS_CONNECT, true,
     "Read an export into an empty store, with all order ids, versions and times",
     "FILE, or standard input, is what `muon export` wrote. An import that was cut off is simply "
     "run\n"
     "again, and goes on; until it is done the store takes nothing else. At the first line that "
     "is\n"
     "malformed or refused it stops. To store events anew, give them to `muon emit`.",
     "muon import history.ndjson", import_kept_run},
    {"ping", NULL, "", 0, 0, OPTIONS_CONNECT | OPTION_FORMAT, false,
     "Ask whether the server answers, and how fast", NULL, "muon ping", ping_run},
    {"doctor", NULL, "", 0, 0, OPTIONS_CONNECT, false,
     "Say what is wrong with the connection, and what to do about it",
     "Looks at each step by itself: the settings, the files of certificates, the host's name, "
     "TCP,\n"
     "TLS, the server's certificate, whether it accepts yours, HTTP/2, and in the end the server:\n"
     "its version, its clock, whether it can write. Each is ok, or a warning, or has failed; "
     "below\n"
     "stands what to do. --timeout limits each step; 5 seconds if nothing is said.\n"
     "\n"
     "The exit code is that of the first failure, and 0 if there is none, whatever the warnings.",
     "muon doctor\n"
     "muon doctor --context shop --json",
     doctor_run},
    {"info", NULL, "", 0, 0, OPTIONS_CONNECT | OPTION_FORMAT, false,
     "Show which store it is, its last order id, its limits", NULL, "muon info --json", info_run},
    {"latency", NULL, "[URL]", 0, 1, MEASURES, false,
     "Measure how long an emit takes, or a request",
     "Emits 100 events a second for 10 seconds, or with URL (rpc://SERVICE/PATH) sends that many\n"
     "requests, and tells how long they took. Each is due at a moment of its own and its time "
     "counts\n"
     "from then, however late those before it are: what a stall costs is not left out.\n"
     "\n"
     "The events are in streams of a prefix of their own, bench/ID/**, which is told, and go "
     "again\n"
     "with --remove or by `muon bench delete bench/ID`.",
     "muon latency --remove\n"
     "muon latency rpc://shop/echo --rate 1000 --duration 1m --json",
     latency_run},
    {"bench", NULL, "ACTION [WHAT]", 1, 2, MEASURES | OPTION_BATCH, false,
     "Measure how much is possible",
     "ACTION is one of:\n"
     "\n"
     "emit            events of --payload bytes, --batch of them at a time, into --streams "
     "streams\n"
     "request URL     requests to a service, rpc://SERVICE/PATH\n"
     "replay STREAM   what a stream holds, from its first event on, again and again\n"
     "delete PREFIX   delete the events of an earlier bench; PREFIX is as it was told\n"
     "\n"
     "As many are under way as --in-flight says: a closed loop, whose times are those of a server\n"
     "at its limit. With --rate the loop is open, as that of `muon latency`. Ctrl-C ends it, and\n"
     "shows what there is. Nothing is emitted but into streams of a prefix of its own, "
     "bench/ID/**.",
     "muon bench emit --batch 100 --streams 1000 --remove\n"
     "muon bench replay __all__ --duration 5s",
     bench_run},
    {"context", NULL, "[ACTION [NAME [NEW]]]", 0, 3, OPTIONS_WHERE, false,
     "Name servers, and say which one is meant",
     "ACTION is one of:\n"
     "\n"
     "list              the contexts there are; also when no action is given\n"
     "add NAME          keep what --server, --certs, --ca, --cert and --key say, or else what the\n"
     "                  environment says; the first one is in use from then on\n"
     "use NAME          verbs go there from now on; with the name none to no context\n"
     "show [NAME]       the settings in force now, or with --context NAME, and where each is from\n"
     "remove NAME       forget it; its certificates stay where they are\n"
     "rename NAME NEW   call it something else\n"
     "\n"
     "For each setting the first of these counts: the option, what the context named by --context\n"
     "says, the environment, what the context named by MUON_CONTEXT or else the one in use says,\n"
     "the default. They are kept in $XDG_CONFIG_HOME/muon/contexts.json, or in ~/.config.",
     "muon context add shop --server muon://shop.example:10566 --certs ~/shop\n"
     "muon context use shop\n"
     "muon --context shop ping",
     context_run},
    {"top", NULL, "[INTERVAL | once]", 0, 1, OPTIONS_CONNECT | OPTION_FORMAT, false,
     "Show what a running photond does, again and again",
     "Rates, services, subscriptions with how far they are behind, and the streams that grow\n"
     "fastest, every 2 seconds or INTERVAL (500ms, 5s); on a terminal until q or Ctrl-C. Without\n"
     "a terminal it prints a table an interval, with --json an object a line; `once` prints one,\n"
     "of one second, and ends. Of streams the first 2000 are looked at.\n"
     "\n"
     "It is for administrators, as `muon admin` is.",
     "muon top\n"
     "muon top once --json\n"
     "muon top 10s --format '{stats.time} {rates.events}'",
     top_run},
    {"admin", NULL, "WHAT [LEVEL]", 1, 2, OPTIONS_CONNECT, true,
     "Ask or tell a running photond what only its administrators may",
     "WHAT is one of these:\n"
     "  stats          how the store is doing: counters since its start, what waits, the disk\n"
     "  subscriptions  who follows what, how far, and who is stuck\n"
     "  sessions       which services are connected, and what they have under way\n"
     "  log-level      what photond logs; with LEVEL (error, warning, info, debug, or settings "
     "for\n"
     "                 what they say) changed until its settings are read again\n"
     "  compact        give back the space of what was deleted or replaced, now\n"
     "\n"
     "photond's own user may, by its admin socket: --server muon+unix:///DIR/admin.sock, where\n"
     "DIR is the store's directory; so may a certificate that photond's setting admin-names lists.",
     "muon admin stats --server muon+unix:///var/lib/photond/admin.sock\n"
     "muon admin log-level debug",
     admin_run},
    {"help", NULL, "[VERB]", 0, 1, OPTION_AS, false, "Say what there is and how it is used", NULL,
     "muon help emit\n"
     "muon help --as bash > ~/.local/share/bash-completion/completions/muon",
     help_run},
};

const size_t verb_row_count = sizeof(verb_rows) / sizeof(verb_rows[0]);

enum { VERBS = sizeof(verb_rows) / sizeof(verb_rows[0]) };

static bool is_named(const struct verb *verb, const char *word)
{
    return strcmp(verb->name, word) == 0 || (verb->older && strcmp(verb->older, word) == 0);
}

static bool begins_with(const struct verb *verb, const char *word)
{
    size_t len = strlen(word);
    if (verb->whole_name || len == 0)
        return false;
    return strncmp(verb->name, word, len) == 0 ||
           (verb->older && strncmp(verb->older, word, len) == 0);
}

static const struct verb *unknown(const char *word, char why[VERBS_WHY_BYTES])
{
    const char *names[VERBS];
    for (size_t i = 0; i < VERBS; i++) {
        names[i] = verb_rows[i].name;
        if (!word[0] || !verb_rows[i].whole_name || strncmp(names[i], word, strlen(word)) != 0)
            continue;
        snprintf(why, VERBS_WHY_BYTES,
                 "\"%.60s\" is not enough for \"%s\", which wants its whole name", word, names[i]);
        return NULL;
    }
    const char *guess = guess_nearest(word, names, VERBS);
    if (guess)
        snprintf(why, VERBS_WHY_BYTES, "there is no verb \"%.60s\"; did you mean \"%s\"?", word,
                 guess);
    else
        snprintf(why, VERBS_WHY_BYTES, "there is no verb \"%.60s\"", word);
    return NULL;
}

static bool is_original(const struct verb *verb)
{
    static const char *const names[] = {"discover", "emit",   "introspect",
                                        "replay",   "stream", "rpc"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], verb->name) == 0)
            return true;
    return false;
}

/* What the word was short for in the original; NULL: nothing, or more than one. */
static const struct verb *short_for_original(const char *word)
{
    const struct verb *found = NULL;
    for (size_t i = 0; i < VERBS; i++) {
        if (!is_original(&verb_rows[i]) || !begins_with(&verb_rows[i], word))
            continue;
        if (found)
            return NULL;
        found = &verb_rows[i];
    }
    return found;
}

const struct verb *verbs_find(const char *word, char why[VERBS_WHY_BYTES])
{
    for (size_t i = 0; i < VERBS; i++)
        if (is_named(&verb_rows[i], word))
            return &verb_rows[i];
    const struct verb *found = short_for_original(word);
    if (found)
        return found;
    for (size_t i = 0; i < VERBS; i++) {
        if (!begins_with(&verb_rows[i], word))
            continue;
        if (found) {
            snprintf(why, VERBS_WHY_BYTES, "\"%.60s\" could be \"%s\" or \"%s\"", word, found->name,
                     verb_rows[i].name);
            return NULL;
        }
        found = &verb_rows[i];
    }
    return found ? found : unknown(word, why);
}

bool verbs_accepts(const struct verb *verb, const struct args *args, char why[VERBS_WHY_BYTES])
{
    uint64_t foreign = args->given & ~(verb->options | OPTIONS_COMMON);
    size_t operands = args->operand_count - 1;
    const struct option_row *option = option_next(NULL, foreign);
    if (option) {
        snprintf(why, VERBS_WHY_BYTES, "muon %s takes no --%s", verb->name, option->name);
        return false;
    }
    if (operands >= verb->operands_min && operands <= verb->operands_max)
        return true;
    const char *what = operands < verb->operands_min ? "something is missing" : "too many words";
    snprintf(why, VERBS_WHY_BYTES, "%s: muon %s%s%s", what, verb->name,
             verb->operands[0] ? " " : "", verb->operands);
    return false;
}

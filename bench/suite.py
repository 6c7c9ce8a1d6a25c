"""The measurements. Each function is one, named by --only; bench/run says how to start, RESULTS.md what came out."""
import argparse
import contextlib
import shutil
import time

from lab import ROOT, Grpc, Held, Lab, Photond, cpu_s, rss_mb, run

MANY = {"streams": 13000, "spread": "event"}
# Events until LevelDB pays what it writes: before, up to 12 tables of 32 MiB wait in its level 0 when the measure ends.
SUSTAINED = 6_000_000
RAW_COMMIT = 8  # emits of 100 that photond commits together when 16 are in flight: what waits during a commit


def ways():
    return (("", False), (", TLS", True))


def rate(report):
    per_s = report["per_s"]
    return f"{per_s / 1e6:.2f} M/s" if per_s >= 1e6 else f"{per_s / 1e3:.1f} k/s"


def us(value):
    return f"{value:.0f} µs" if value < 10000 else f"{value / 1e3:.1f} ms"


# ---- durable emit ----

def leveldb(lab, **args):
    directory = lab.dir / "leveldb"
    shutil.rmtree(directory, ignore_errors=True)
    report = run("bench_leveldb", dir=directory, **args)
    shutil.rmtree(directory)
    return report


def emit_into_new(lab, tls, how, **args):
    with Photond(lab, "emit", tls) as photond:
        return run(f"bench_{how}", verb="emit", **getattr(photond, how), **args)


def emit(lab):
    """Sustained durable emit beside raw LevelDB without sync."""
    lab.head("Durable emit, batches of 100 × 256 bytes, 16 in flight / LevelDB without sync, same records")
    events = lab.size(SUSTAINED, 300_000)
    cases = {"13,000 streams": MANY, "1 stream": {"streams": 1}, "13,000 streams, ids not UUIDv7": {**MANY, "ids": 4}}
    for name, case in cases.items():
        case = {"events": events, **case}
        competitors = {
            "raw": lambda c=case: leveldb(lab, emits=RAW_COMMIT, **c),
            "raw 100": lambda c=case: leveldb(lab, emits=1, **c),
            "sdk": lambda c=case: emit_into_new(lab, False, "sdk", **c),
            "wire": lambda c=case: emit_into_new(lab, False, "wire", **c),
            "sdk tls": lambda c=case: emit_into_new(lab, True, "sdk", **c)}
        got = lab.alternate(competitors)
        beside = f"{rate(got['raw'])}; commits of 100: {rate(got['raw 100'])}"
        for way, key in (("libmuon", "sdk"), ("bare calls", "wire"), ("libmuon, TLS", "sdk tls")):
            lab.row(f"{name}, {way}", rate(got[key]), beside, got[key]["per_s"] / got["raw"]["per_s"],
                    None if key == "sdk tls" else 0.75)
        lab.row(f"{name}: TLS / plain", rate(got["sdk tls"]), rate(got["sdk"]),
                got["sdk tls"]["per_s"] / got["sdk"]["per_s"], 0.85)


def single(lab):
    """Single events: one at a time, 16 connections, 1,024 in flight."""
    lab.head("Durable single events / fdatasync of the same size")
    seconds, calls = lab.size(5, 1), lab.size(5000, 1000)
    for way, tls in ways():
        with Photond(lab, "single", tls) as photond:
            args = {"streams": 1000, "batch": 1}
            got = lab.alternate({
                "disk": lambda: run("bench_disk", file=lab.dir / "disk", bytes=512, seconds=seconds),
                "one": lambda: run("bench_sdk", verb="emit_one", calls=calls, **photond.sdk, **args),
                "16": lambda: run("bench_wire", verb="writers", writers=16, seconds=seconds, **photond.wire, **args),
                "1024": lambda: run("bench_sdk", verb="emit", events=calls * 40, window=1024, **photond.sdk, **args)})
        disk = got["disk"]
        lab.row(f"one at a time, p50{way}", us(got["one"]["p50_us"]), us(disk["p50_us"]),
                got["one"]["p50_us"] / disk["p50_us"], 2.0, at_most=True)
        for key, name in (("16", "16 connections × 1 in flight"), ("1024", "1 connection, 1,024 in flight, libmuon")):
            lab.row(f"{name}{way}", rate(got[key]), rate(disk), got[key]["per_s"] / disk["per_s"])


# ---- replay ----

def fill(photond, events, **args):
    run("bench_wire", verb="emit", events=events, window=64, **photond.wire, **args)


def grpc_stream(grpc, like, **how):
    """A stream of as many messages as photond's, as large, of slices as large as a record."""
    size = like["bytes"] / like["messages"]
    slices = max(1, round(size / 16384))
    return run("bench_grpc", verb="stream", messages=int(like["messages"]), slices=slices,
               slice_bytes=int(size / slices), **how, **grpc.args)


def replay(lab):
    """Replay of everything beside a gRPC stream of the same messages."""
    lab.head("Replay of `__all__`, cold, page cache warm / gRPC core streaming the same messages")
    events = lab.size(1_000_000, 300_000)
    with Photond(lab, "replay") as photond:
        fill(photond, events, batch=100, **MANY)
    rates = {}
    for way, tls in ways():
        with Photond(lab, "replay", tls, fresh=False) as photond, Grpc(lab, tls) as grpc:
            like = run("bench_wire", verb="replay", events=events, **photond.wire)
            got = lab.alternate({
                "grpc": lambda: grpc_stream(grpc, like, distinct=1),
                "kept": lambda: grpc_stream(grpc, like, distinct=1, keep=1),
                "wire": lambda: run("bench_wire", verb="replay", events=events, **photond.wire),
                "sdk": lambda: run("bench_sdk", verb="replay", events=events, **photond.sdk)},
                lab.rounds * 2 + 1)
        ceiling = got["grpc"]["mb_per_s"] / got["wire"]["bytes"] * 1e6 * events
        beside = f"{ceiling / 1e6:.2f} M/s ({got['grpc']['mb_per_s']:.0f} MB/s, messages of " \
                 f"{like['bytes'] / like['messages'] / 1024:.0f} KiB)"
        rates[tls] = got["wire"]["per_s"]
        for key, name in (("wire", "bare call"), ("sdk", "libmuon, every event looked at")):
            lab.row(f"{name}{way}", rate(got[key]), beside, got[key]["per_s"] / ceiling, 0.7)
        kept = got["kept"]["mb_per_s"] / got["grpc"]["mb_per_s"]
        lab.row(f"gRPC core, its memory kept as libmuon keeps it{way}", f"{ceiling * kept / 1e6:.2f} M/s", beside, kept)
    lab.row("TLS / plain", f"{rates[True] / 1e6:.2f} M/s", f"{rates[False] / 1e6:.2f} M/s",
            rates[True] / rates[False], 0.55)


def streams(lab):
    """One stream beside everything."""
    lab.head("Replay of one stream / of `__all__`, events a second, bare call")
    events = lab.size(1_000_000, 300_000)
    for name, must, case, share in (("alone in the store", 0.8, {"streams": 1}, 1),
                                    ("a tenth of the events, interleaved with 999 others", 0.1,
                                     {"streams": 1000, "spread": "tenth"}, 10)):
        with Photond(lab, "streams") as photond:
            fill(photond, events, batch=100, **case)
            got = lab.alternate({
                "all": lambda: run("bench_wire", verb="replay", events=events, **photond.wire),
                "one": lambda: run("bench_wire", verb="replay", stream="order-0", events=events // share,
                                   **photond.wire)}, lab.rounds * 2 + 1)
        lab.row(name, rate(got["one"]), rate(got["all"]), got["one"]["per_s"] / got["all"]["per_s"], must)


def load(lab):
    """A 20-event aggregate beside a unary call."""
    lab.head("Loading a 20-event aggregate, p50 / a gRPC unary call with an answer of that size, p50")
    calls = lab.size(10000, 2000)
    for name, spread, batch in (("its events far apart", "round", 100), ("its events together", "batch", 20)):
        case = {"streams": 13000, "spread": spread, "batch": batch}
        with Photond(lab, "load") as photond:
            fill(photond, 260_000, **case)
        for way, tls in ways():
            with Photond(lab, "load", tls, fresh=False) as photond, Grpc(lab, tls) as grpc:
                run("bench_wire", verb="load", calls=calls, **photond.wire, **case)
                got = lab.alternate({
                    "grpc": lambda: run("bench_grpc", verb="unary", calls=calls, slices=1, slice_bytes=7400,
                                        **grpc.args),
                    "sdk": lambda: run("bench_sdk", verb="load", calls=calls, **photond.sdk, **case),
                    "subscribe": lambda: run("bench_wire", verb="load", calls=calls, **photond.wire, **case),
                    "read": lambda: run("bench_wire", verb="load", call="Read", calls=calls, **photond.wire, **case)})
            unary = got["grpc"]["p50_us"]
            for key, how in (("sdk", "muon_load"), ("subscribe", "bare Subscribe"), ("read", "bare Read")):
                lab.row(f"{how}, {name}{way}", us(got[key]["p50_us"]), us(unary), got[key]["p50_us"] / unary, 2,
                        at_most=True)


# ---- services ----

def services(lab):
    """Routed requests and streams of services beside raw gRPC."""
    lab.head("Services: a routed request (256 bytes each way) / gRPC core without a router")
    calls = lab.size(20000, 3000)
    piped = calls * 10
    for way, tls in ways():
        with Photond(lab, "services", tls) as photond, Grpc(lab, tls) as grpc:
            def sdk(instances=1, **args):
                with Held("bench_sdk", verb="serve", instances=instances, service="bench", **photond.sdk):
                    return run("bench_sdk", **args, **photond.sdk)

            def wire(instances=1, **args):
                with Held("bench_wire", verb="serve", instances=instances, **photond.wire):
                    return run("bench_wire", **args, **photond.wire)

            got = lab.alternate({
                "unary": lambda: run("bench_grpc", verb="unary", calls=calls, slices=1, slice_bytes=256, **grpc.args),
                "echo": lambda: run("bench_grpc", verb="echo", calls=piped, slice_bytes=256, window=128, **grpc.args),
                "stream": lambda: run("bench_grpc", verb="stream", messages=piped, slices=1, slice_bytes=256,
                                      **grpc.args),
                "sdk one": lambda: sdk(verb="ask", calls=calls),
                "wire one": lambda: wire(verb="ask", calls=calls),
                "sdk 16": lambda: sdk(verb="ask", calls=calls * 2, connections=16),
                "wire 16": lambda: wire(verb="ask", calls=calls * 2, connections=16),
                **{f"sdk {n}": lambda n=n: sdk(n, verb="ask", calls=piped, window=128) for n in INSTANCES},
                **{f"wire {n}": lambda n=n: wire(n, verb="ask", calls=piped, window=128) for n in INSTANCES},
                "follow": lambda: sdk(verb="follow", items=piped)})
            idle(lab, photond, way)
        unary, echo = got["unary"]["p50_us"], got["echo"]
        for key, name in (("sdk one", "libmuon at both ends"), ("wire one", "bare sessions")):
            lab.row(f"one at a time, p50, {name}{way}", us(got[key]["p50_us"]), us(unary), got[key]["p50_us"] / unary,
                    1.8, at_most=True)
        for key, name in (("sdk 16", "libmuon"), ("wire 16", "bare sessions")):
            lab.row(f"16 connections × 1 in flight, {name}{way}", rate(got[key]), f"unary, one: {us(unary)}",
                    got[key]["per_s"] * unary / 1e6)
        for n in INSTANCES:
            for key, name in ((f"sdk {n}", "libmuon"), (f"wire {n}", "bare sessions")):
                lab.row(f"128 in flight, instances: {n}, {name} / a stream both ways{way}", rate(got[key]), rate(echo),
                        got[key]["per_s"] / echo["per_s"])
        items = {"per_s": piped / got["stream"]["seconds"]}
        lab.row(f"a stream of a service, libmuon / a gRPC stream of such messages{way}", rate(got["follow"]), rate(items),
                got["follow"]["per_s"] / items["per_s"])


INSTANCES = (1, 10, 100)


def idle(lab, photond, way):
    """What an idle photond and an idle instance compute."""
    seconds = 5
    with Held("bench_sdk", verb="serve", service="bench", **photond.sdk) as instance:
        processes = {"photond": photond.process.pid, "an instance by libmuon": instance.process.pid}
        time.sleep(1)
        before = {name: cpu_s(pid) for name, pid in processes.items()}
        time.sleep(seconds)
        for name, pid in processes.items():
            used = cpu_s(pid) - before[name]
            lab.row(f"idle: CPU seconds of {name} in {seconds} s{way}", f"{used:.2f} s", "", used, 0.05, at_most=True)


# ---- growth, fairness, memory, live ----

def growth(lab):
    """Does it stay as fast as the log grows, and how fast does it open?"""
    lab.head("Growth, a million streams, batches of 100, 16 in flight")
    slice_ = lab.size(1_000_000, 100_000)
    with Photond(lab, "growth") as photond:
        got = run("bench_sdk", verb="emit", events=slice_ * 10, slice=slice_, streams=1_000_000, spread="event",
                  **photond.sdk)
        rates = [part["slice_per_s"] for part in got["series"]]
    print("<!-- slices: " + " ".join(f"{r / 1e3:.0f}k" for r in rates) + " -->")
    lab.row(f"slice 10 / slice 1, of {slice_:,} events", f"{rates[-1] / 1e3:.0f} k/s", f"{rates[0] / 1e3:.0f} k/s",
            rates[-1] / rates[0], 0.75)
    lab.row("longest pause between answers, ms", f"{got['max_pause_ms']:.0f} ms", "", got["max_pause_ms"], 250,
            at_most=True)
    opened = []
    for _ in range(3):
        with Photond(lab, "growth", fresh=False) as photond:
            opened.append(photond.opened_s)
    lab.row("opening after kill -9, seconds, slowest of 3", f"{max(opened):.2f} s", "", max(opened), 1, at_most=True)


def writers(photond, seconds):
    return run("bench_wire", verb="writers", writers=64, seconds=seconds, streams=64, batch=1, prefix="small",
               **photond.wire)


def fairness(lab):
    """64 single writers beside one bulk importer."""
    lab.head("64 single writers, alone and beside one bulk importer (batches of 1,000, 16 in flight)")
    seconds = lab.size(5, 2)

    def beside(photond):
        with Held("bench_wire", ready=False, verb="emit", events=10**9, batch=1000, window=16, prefix="bulk", **MANY,
                  **photond.wire):
            time.sleep(0.5)
            return writers(photond, seconds)

    with Photond(lab, "fairness") as photond:
        got = lab.alternate({"alone": lambda: writers(photond, seconds), "beside": lambda: beside(photond)})
    for key, name in (("p50_us", "p50"), ("p99_us", "p99")):
        lab.row(f"{name}, beside / alone", us(got["beside"][key]), us(got["alone"][key]),
                got["beside"][key] / got["alone"][key], 5 if key == "p99_us" else None, at_most=True)
    lab.row("events a second, beside / alone", rate(got["beside"]), rate(got["alone"]),
            got["beside"]["per_s"] / got["alone"]["per_s"])


def live(lab):
    """From the acknowledgement to the subscriber."""
    lab.head("Live delivery, one event at a time, 256 bytes (libmuon, two clients)")
    calls = lab.size(5000, 1000)
    for way, tls in ways():
        with Photond(lab, "live", tls) as photond, Grpc(lab, tls) as grpc:
            got = lab.alternate({
                "grpc": lambda: run("bench_grpc", verb="unary", calls=calls, slices=1, slice_bytes=300, **grpc.args),
                "live": lambda: run("bench_sdk", verb="live", calls=calls, **photond.sdk)})
        for key, name in (("acked_to_seen_p50_us", "acknowledged → seen, p50"),
                          ("acked_to_seen_p99_us", "acknowledged → seen, p99"),
                          ("emit_to_seen_p50_us", "emitted → seen, p50")):
            lab.row(f"{name} / a unary call's p50{way}", us(got["live"][key]), us(got["grpc"]["p50_us"]),
                    got["live"][key] / got["grpc"]["p50_us"])


def stuck(lab):
    """Subscribers that never read, beside honest ones."""
    lab.head("With 64 stuck subscribers / without")
    events, held = lab.size(500_000, 100_000), 64
    with Photond(lab, "stuck") as photond:
        fill(photond, lab.size(1_000_000, 300_000), batch=100, **MANY)

        def work():
            sent = run("bench_sdk", verb="emit", events=events, **MANY, **photond.sdk)
            seen = run("bench_sdk", verb="live", calls=1000, **photond.sdk)
            return {"per_s": sent["per_s"], "seen_us": seen["acked_to_seen_p50_us"]}

        def beside():
            before = photond.rss_mb("RssAnon")
            with Held("bench_wire", verb="subscribers", stuck=1, subscribers=held, connections=8, **photond.wire):
                time.sleep(1)
                grown = photond.rss_mb("RssAnon") - before
                return {**work(), "mb": grown}

        work()
        got = lab.alternate({"without": work, "with": beside})
    lab.row("emit", rate(got["with"]), rate(got["without"]), got["with"]["per_s"] / got["without"]["per_s"])
    lab.row("acknowledged → seen, p50", us(got["with"]["seen_us"]), us(got["without"]["seen_us"]),
            got["with"]["seen_us"] / got["without"]["seen_us"])
    lab.row("memory of one stuck subscriber, MB", f"{got['with']['mb'] / held:.2f} MB", "", got["with"]["mb"] / held)


def memory(lab):
    """Resident memory."""
    lab.head("Memory")
    for way, tls in ways():
        with contextlib.ExitStack() as stack:
            photond = stack.enter_context(Photond(lab, "memory", tls))
            fill(photond, 1_000_000, batch=100, **MANY)
            stack.enter_context(Held("bench_wire", verb="subscribers", subscribers=1000, connections=10,
                                     **photond.wire))
            written, mapped = photond.rss_mb("RssAnon"), photond.rss_mb("RssFile")
        with contextlib.ExitStack() as stack:
            photond = stack.enter_context(Photond(lab, "memory", tls, fresh=False))
            stack.enter_context(Held("bench_wire", verb="subscribers", subscribers=1000, connections=10,
                                     **photond.wire))
            opened, mapped = photond.rss_mb("RssAnon"), photond.rss_mb("RssFile")
            client = stack.enter_context(Held("bench_sdk", verb="idle", **photond.sdk)).process.pid
            grpc = stack.enter_context(Grpc(lab, tls))
            bare = stack.enter_context(Held("bench_grpc", verb="idle", **grpc.args)).process.pid
            client, bare = rss_mb(client), rss_mb(bare)
        lab.row(f"photond, 1,000 idle subscribers, has just written 1 M events, MB{way}", f"{written:.0f} MB",
                f"and {mapped:.0f} MB of files, mapped",
                written, 150, at_most=True)
        lab.row(f"photond, 1,000 idle subscribers, opened with 1 M events, MB{way}", f"{opened:.0f} MB",
                f"and {mapped:.0f} MB of files, mapped", opened, 150, at_most=True)
        lab.row(f"libmuon, an idle client, over libgrpc's own, MB{way}", f"{client:.1f} MB", f"{bare:.1f} MB",
                client - bare, 8, at_most=True)


MEASURES = (emit, single, replay, streams, load, services, live, growth, fairness, stuck, memory)


def main():
    parser = argparse.ArgumentParser(prog="bench/run", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer events, one round: does it work, about how fast")
    parser.add_argument("--only", help="some of: " + ", ".join(m.__name__ for m in MEASURES))
    parser.add_argument("--rounds", type=int, help="alternating rounds; 3, quick 1")
    parser.add_argument("--dir", default=ROOT / "build" / "bench" / "data", help="where the stores are made")
    args = parser.parse_args()
    chosen = args.only.split(",") if args.only else [m.__name__ for m in MEASURES]
    if unknown := set(chosen) - {m.__name__ for m in MEASURES}:
        parser.error("no such measure: " + ", ".join(sorted(unknown)))
    (ROOT / "build" / "bench").mkdir(parents=True, exist_ok=True)
    lab = Lab(args.dir, args.rounds or (1 if args.quick else 3), args.quick)
    for measure in MEASURES:
        if measure.__name__ in chosen:
            measure(lab)
    lab.end()


if __name__ == "__main__":
    main()

"""What photond measures, asked by those for whom it is meant: by hand, by promtool, and by a Prometheus that scrapes it and runs each query of the
dashboard and of the alerts. Ends with unittest's summary.

Prometheus is not installed: its package would start a service. ./dev unpacks it into build/tools; where it is missing, what needs it is skipped,
which is a failure in CI."""
import json
import os
import random
import re
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from photond import LIMIT_S, ROOT, Photond  # noqa: E402

MONITORING = ROOT / "docs/monitoring"
TOOLS = ROOT / "build/tools/usr/bin"
PROMETHEUS, PROMTOOL = TOOLS / "prometheus", TOOLS / "promtool"
SECRET = "named-nowhere"  # a stream, a service and a path that no metric may name
SAMPLE = re.compile(r'^([a-z_]+)(\{[a-z_]+="[^"]*"\})? (\S+)$')


def fetch(url):
    """Status and body, whatever the status."""
    try:
        with urllib.request.urlopen(url, timeout=LIMIT_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def samples(text):
    """Series and value of each line that is no comment; a line of another form fails."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups()
            found[name + (labels or "")] = float(value)
    return found


def event(**more):
    return json.dumps({"stream-name": SECRET, "event-type": "Noted", "payload": {}, **more})


class Watched(Photond):
    """A photond that can be scraped."""

    def __init__(self, *flags):
        super().__init__(False, "--metrics-listen", "127.0.0.1:0", *flags)

    @property
    def address(self):
        return json.loads(self.ready)["metrics"]

    def ask(self, path):
        return fetch(f"http://{self.address}{path}")

    def metrics(self):
        status, text = self.ask("/metrics")
        assert status == 200, text
        return samples(text)

    def muon(self, *arguments, **more):
        return super().muon(*arguments, "--timeout", f"{LIMIT_S}s", **more)

    def emit(self, *words, **more):
        return self.muon("emit", event(**more), *words)


def work(photond):
    """A little of everything: so that each query has something to show."""
    photond.emit(id="1")
    for event_id in ("018f0000-0000-7000-8000-000000000001",) * 2:
        photond.emit(**{"event-id": event_id})
    assert b"was expected" in photond.emit("--expect", "99").stderr
    photond.muon("replay", SECRET)
    photond.muon("read", SECRET)
    photond.muon("get", "1")  # there is no such event
    photond.muon("rpc", "rpc://photon/stats")
    photond.muon("rpc", f"rpc://{SECRET}/nothing")  # refused
    photond.muon("stream", f"stream://photon/stream?stream-name={SECRET}&stream-type=cold")


class Scraped(unittest.TestCase):
    def setUp(self):
        self.photond = Watched()
        self.addCleanup(self.photond.close)

    def wait_for(self, path, status):
        while self.photond.ask(path)[0] != status:
            pass
        return self.photond.ask(path)[1]

    def test_what_is_done_is_counted(self):
        before = self.photond.metrics()
        work(self.photond)
        after = self.photond.metrics()
        grown = {name: after[name] - before[name] for name in after}
        self.assertEqual(grown["photond_emits_total"], 2)
        self.assertEqual(grown["photond_emit_duplicates_total"], 1)
        self.assertEqual(grown['photond_emits_refused_total{reason="wrong_version"}'], 1)
        self.assertEqual(grown['photond_calls_failed_total{reason="no_such_event"}'], 1)
        self.assertEqual(grown["photond_emit_duration_seconds_count"], 4)
        self.assertEqual(grown['photond_requests_total{outcome="ok"}'], 1)
        self.assertEqual(grown['photond_requests_refused_total{reason="no_such_service"}'], 1)
        self.assertEqual(grown['photond_service_streams_total{outcome="ok"}'], 1)
        self.assertGreaterEqual(grown['photond_delivered_events_total{call="subscribe"}'], 2)
        self.assertGreaterEqual(grown['photond_delivered_events_total{call="read"}'], 2)
        self.assertEqual(after["photond_writable"], 1)
        self.assertEqual(after["photond_head_order_id"], max(event["order-id"] for event in self.photond.events(SECRET)))
        self.assertEqual(after['photond_build_info{version="0.1.0"}'], 1)

    def test_no_series_is_made_by_what_is_stored(self):
        before = self.photond.metrics()
        work(self.photond)
        text = self.photond.ask("/metrics")[1]
        self.assertEqual(sorted(samples(text)), sorted(before))
        self.assertNotIn(SECRET, text)

    def test_histograms_rise_and_agree_with_their_counts(self):
        work(self.photond)
        metrics = self.photond.metrics()
        for name in {name.split("_bucket{")[0] for name in metrics if "_bucket{" in name}:
            buckets = [value for series, value in metrics.items() if series.startswith(name + "_bucket{")]
            self.assertEqual(buckets, sorted(buckets), name)
            self.assertEqual(buckets[-1], metrics[name + "_count"], name)

    def test_under_load_scrapes_never_go_back_and_nothing_is_lost(self):
        loads = [threading.Thread(target=lambda: [self.photond.emit() for _ in range(20)]) for _ in range(4)]
        for load in loads:
            load.start()
        last = {}
        while any(load.is_alive() for load in loads):
            metrics = self.photond.metrics()
            for name, value in metrics.items():
                if "_total" in name or "_bucket" in name or "_count" in name:
                    self.assertGreaterEqual(value, last.get(name, 0), name)
            last = metrics
        self.assertEqual(self.photond.metrics()["photond_emits_total"], 80)
        self.assertEqual(len(self.photond.events(SECRET)), 80)

    def test_a_thousand_requests_and_slow_clients_disturb_nothing(self):
        host, port = self.photond.address.split(":")
        slow = [socket.create_connection((host, int(port))) for _ in range(8)]
        for client in slow:
            client.send(b"GET /metrics HTTP/1.1\r\nX-Slow: ")
        files = self.photond.metrics()["process_open_fds"]
        for i in range(1000):
            self.assertEqual(self.photond.ask("/healthz")[0], 200)
            if i % 100 == 0:
                self.assertEqual(self.photond.emit().returncode, 0)
        self.assertLessEqual(self.photond.metrics()["process_open_fds"], files + 2)
        for client in slow:
            client.close()

    def test_ready_tells_the_truth_about_writing(self):
        self.assertEqual(self.photond.ask("/readyz"), (200, "ready\n"))
        pid = self.photond.process.pid
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))  # every write to a file fails
        emit = self.photond.spawn("emit", event(), "--timeout", f"{LIMIT_S}s")
        self.assertIn("not ready: ", self.wait_for("/readyz", 503))
        self.assertEqual(self.photond.ask("/healthz")[0], 200)
        self.assertEqual(self.photond.metrics()["photond_writable"], 0)
        self.assertGreaterEqual(self.photond.metrics()["photond_write_failures_total"], 1)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.wait_for("/readyz", 200)
        self.assertEqual(self.photond.metrics()["photond_writable"], 1)
        self.assertEqual(emit.wait(LIMIT_S), 0)  # it was tried again until it was stored

    @unittest.skipUnless(PROMTOOL.exists(), "no promtool")
    def test_promtool_has_nothing_to_say_about_the_metrics(self):
        work(self.photond)
        text = self.photond.ask("/metrics")[1]
        run = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True)
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "", ""))


@unittest.skipUnless(PROMTOOL.exists(), "no promtool")
class Rules(unittest.TestCase):
    def promtool(self, *words):
        run = subprocess.run([PROMTOOL, *words], cwd=MONITORING, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_the_alerts_and_the_example_are_good(self):
        self.promtool("check", "rules", "alerts.yml")
        self.promtool("check", "config", "prometheus.yml")

    def test_each_alert_fires_when_it_should_and_else_does_not(self):
        self.promtool("test", "rules", "alerts_test.yml")


class Documents(unittest.TestCase):
    def test_the_dashboard_and_the_alerts_name_metrics_that_there_are(self):
        known = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/metrics.md").read_text(), re.M))
        for query in (*dashboard_queries(), *alert_queries()):
            for name in re.findall(r"\b(?:photond|process)_\w+", query):
                self.assertIn(re.sub(r"_(bucket|sum|count)$", "", name), known, query)

    def test_each_alert_is_tested(self):
        tested = set(re.findall(r"alertname: (\w+)", (MONITORING / "alerts_test.yml").read_text()))
        self.assertEqual(tested, set(re.findall(r"- alert: (\w+)", (MONITORING / "alerts.yml").read_text())))

    def test_panels_do_not_overlap_and_have_numbers_of_their_own(self):
        panels = dashboard()["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        taken = set()
        for panel in panels:
            at = panel["gridPos"]
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & taken, panel["title"])
            self.assertLessEqual(at["x"] + at["w"], 24)
            taken |= cells


def dashboard():
    return json.loads((MONITORING / "photond.json").read_text())


def dashboard_queries():
    """As Grafana would send them, for all jobs and instances; over a time that a slow machine does not leave behind."""
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"].replace("$__rate_interval", "10m").replace("$job", ".+").replace("$instance", ".+")


def alert_queries():
    """Of each alert; a folded one is joined."""
    text = re.sub(r">-\n\s+", "", (MONITORING / "alerts.yml").read_text())
    text = re.sub(r"\n\s+(and|/) ", r" \1 ", text)
    return re.findall(r"^\s+expr: (.+)$", text, re.M)


class Prometheus:
    """A Prometheus of a test's own, which scrapes one photond every second."""

    def __init__(self, target):
        self.folder = tempfile.TemporaryDirectory(prefix="muon-test.")
        config = Path(self.folder.name, "prometheus.yml")
        example = (MONITORING / "prometheus.yml").read_text()
        config.write_text(example.replace("127.0.0.1:10567", target).replace(" 15s", " 1s"))
        Path(self.folder.name, "alerts.yml").write_bytes((MONITORING / "alerts.yml").read_bytes())
        for port in random.sample(range(30000, 32000), 5):
            self.process = subprocess.Popen(
                [PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={self.folder.name}/data", f"--web.listen-address=127.0.0.1:{port}"],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            said = ""
            for line in self.process.stderr:
                said += line
                if "Server is ready to receive web requests" in line:
                    self.url = f"http://127.0.0.1:{port}"
                    self.reader = threading.Thread(target=self.process.stderr.read, daemon=True)
                    self.reader.start()  # so that it never waits for us
                    return
            self.process.wait()
            self.process.stderr.close()
        raise RuntimeError("Prometheus did not start:\n" + said)

    def ask(self, path, **fields):
        status, body = fetch(f"{self.url}{path}?{urllib.parse.urlencode(fields)}")
        answer = json.loads(body)
        assert status == 200 and answer["status"] == "success", (fields, body)
        return answer["data"]

    def query(self, query):
        return self.ask("/api/v1/query", query=query)["result"]

    def wait_for(self, query):
        while not (result := self.query(query)):
            pass
        return result

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.reader.join()
        self.process.stderr.close()
        self.folder.cleanup()


@unittest.skipUnless(PROMETHEUS.exists(), "no Prometheus")
class Asked(unittest.TestCase):
    """One Prometheus for all, for it takes some scrapes until rates are known."""

    def test_each_query_of_the_dashboard_and_of_the_alerts_is_answered(self):
        photond = Watched()
        self.addCleanup(photond.close)
        prometheus = Prometheus(photond.address)
        self.addCleanup(prometheus.close)
        prometheus.wait_for("photond_emits_total == 0")  # a first scrape, so that what follows is a growth
        tail = photond.spawn("tail", SECRET, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(tail.wait)
        self.addCleanup(tail.kill)
        work(photond)
        prometheus.wait_for('sum(photond_subscriptions) > 0 and sum(increase(photond_service_streams_total[10m])) > 0')
        for query in dashboard_queries():
            with self.subTest(query=query):
                self.assertTrue(prometheus.query(query), "no data")
        for query in alert_queries():
            with self.subTest(query=query):
                for series in prometheus.query(query):  # most are empty, as nothing is wrong
                    self.assertEqual(series["metric"]["job"], "photond")
        groups = prometheus.ask("/api/v1/rules")["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        self.assertEqual(len(rules), len(alert_queries()))
        self.assertEqual({rule["health"] for rule in rules} - {"unknown"}, {"ok"}, rules)

        photond.process.terminate()
        photond.process.wait()
        self.assertTrue(prometheus.wait_for('up{job="photond"} == 0'))
        self.assertTrue(prometheus.wait_for('ALERTS{alertname="PhotondDown"}'))


if __name__ == "__main__":
    program = unittest.main(exit=False)
    skipped = len(program.result.skipped)
    if skipped:
        print(f"[  SKIPPED ] {skipped} test(s)\n[  SKIPPED ] monitoring_without_prometheus")
    sys.exit(not program.result.wasSuccessful())

"""What `muon why` says of the real events: each application, from its first event on."""
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from photond import Photond  # noqa: E402
from real_events import real_lines  # noqa: E402


class Why(unittest.TestCase):
    def setUp(self):
        self.photond = Photond()
        self.addCleanup(self.photond.close)

    def muon(self, *words, stdin=b""):
        done = self.photond.muon(*words, "--timeout", "2m", stdin=stdin)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_an_event_of_an_application_shows_all_of_the_application_in_the_order_of_causes(self):
        lines = real_lines(self, 3000)
        self.muon("emit", "-q", stdin=b"".join(lines))
        events = [json.loads(line) for line in lines]
        for stream in ("application-173688", "application-173694"):
            ids = [event["event-id"] for event in events if event["stream-name"] == stream]
            self.assertGreater(len(ids), 10)
            for asked in (ids[0], ids[len(ids) // 2], ids[-1]):
                told = json.loads(self.muon("why", asked, "--json"))
                self.assertEqual([event["event-id"] for event in told["events"]], ids)
                self.assertEqual({event["order-id"]: event["event-id"] for event in told["events"]}[told["asked"]], asked)
                self.assertEqual([event["caused-by"] for event in told["events"]], ["", *ids[:-1]])

    def test_the_table_has_them_below_one_another_and_marks_the_one_that_was_asked_for(self):
        lines = real_lines(self, 3000)
        self.muon("emit", "-q", stdin=b"".join(lines))
        ours = [json.loads(line) for line in lines if b'"application-173688"' in line]
        rows = self.muon("why", ours[3]["event-id"], "-q").decode().splitlines()
        self.assertEqual(len(rows), len(ours))
        for number, (row, event) in enumerate(zip(rows, ours)):
            self.assertEqual(row[0], ">" if number == 3 else " ")
            self.assertRegex(row, rf"application-173688 +{number + 1}  {event['event-type']}  .*by {event['service-id']}$")


if __name__ == "__main__":
    unittest.main()

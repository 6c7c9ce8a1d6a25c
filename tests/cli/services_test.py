"""The verbs that meet services, against a real photond, where a transcript does not reach: many bytes, signals, kills, and who is
slow."""
import json
import os
import random
import signal
import subprocess
import sys
import threading
import unittest

from cli_test import LIMIT_S, WithPhotond


class WithServices(WithPhotond):
    def begin(self, verb, *arguments, **streams):
        """A verb that serves, once it is registered."""
        process = self.photond.spawn(verb, *arguments, **{"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, **streams})
        self.addCleanup(self.end, process)
        said = process.stderr.readline()
        self.assertIn(b"; Ctrl-C ends", said, said)
        return process

    def spawn(self, *arguments, **streams):
        process = self.photond.spawn(*arguments, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams})
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        process.kill()
        process.wait()
        for stream in process.stdin, process.stdout, process.stderr:
            if stream:
                stream.close()

    def assert_process_ends(self, process, code, *said):
        out, error = process.communicate(timeout=LIMIT_S)
        self.assertEqual(process.returncode, code, (out, error))
        for text in said:
            self.assertIn(text, error.decode())
        return out


class Serving(WithServices):
    def setUp(self):
        super().setUp()
        self.fifo = self.photond.dir / "fifo"
        os.mkfifo(self.fifo)

    def open_gate(self, text=b""):
        """Whoever reads the pipe, now or next, gets this and its end."""
        with open(self.fifo, "wb") as gate:
            gate.write(text)

    def wait_until_in_flight(self):
        while not any(i["in-flight"] for s in self.services() for i in s["instances"]):
            pass

    def services(self):
        return json.loads(self.muon("discover", "shop", "--json").stdout)["services"]

    def test_any_bytes_go_there_and_back_by_echo_and_by_a_command(self):
        body = random.randbytes(3_000_000)
        for how in [], ["--exec", "cat"]:
            serve = self.begin("serve", "shop", "/x", "--count", "1", *how)
            done = self.muon("rpc", "shop", "/x", "-", "--type", "image/png", "-r", stdin=body)
            self.assertEqual((done.returncode, done.stdout == body), (0, True), done.stderr)
            self.assert_process_ends(serve, 0)

    def test_a_command_need_not_read_what_it_is_given(self):
        self.begin("serve", "shop", "/x", "--exec", "echo", '"enough"')
        done = self.muon("rpc", "shop", "/x", "-", "--type", "image/png", stdin=bytes(3_000_000))
        self.assertEqual((done.returncode, done.stdout), (0, b'"enough"\n'))

    def test_11_an_answer_that_is_too_large_is_a_failure_of_the_service(self):
        self.begin("serve", "shop", "/x", "--exec", "head", "-c", "5000000", "/dev/zero")
        self.assert_ends(self.muon("rpc", "shop", "/x"), 11, "answered 500: the body is over the limit")
        self.begin("serve", "shop", "/y", "--exec", "cat", "/dev/zero")
        self.assert_ends(self.muon("rpc", "shop", "/y"), 11, "answered 500: the answer is too large")

    def test_9_a_request_that_is_too_large_is_not_sent(self):
        self.begin("serve", "shop", "/x")
        for size in 5_000_000, 17_000_000:
            self.assert_ends(self.muon("rpc", "shop", "/x", "-", "--type", "image/png", stdin=bytes(size)), 9)

    def test_the_time_that_is_told_is_that_of_the_command(self):
        serve = self.begin("serve", "shop", "/x", "--count", "1", "--json", "--exec", "sleep", "0.1",
                           stdout=subprocess.PIPE)
        self.assert_ends(self.muon("rpc", "shop", "/x"), 0)
        self.assertGreaterEqual(json.loads(self.assert_process_ends(serve, 0))["milliseconds"], 100)

    def test_8_a_caller_that_gives_up_ends_the_command(self):
        serve = self.begin("serve", "shop", "/x", "--count", "1", "--exec", "cat", self.fifo)
        self.assert_ends(self.muon("rpc", "shop", "/x", "--timeout", "500ms"), 8, "(Muon: 408)",
                         "Whether it was done is not known")
        self.assert_process_ends(serve, 0)

    def test_12_a_service_that_is_killed_is_lost_and_the_request_is_not_sent_again(self):
        serve = self.begin("serve", "shop", "/x", "--exec", "cat", self.fifo)
        rpc = self.spawn("rpc", "shop", "/x")
        self.wait_until_in_flight()
        serve.kill()
        self.assert_process_ends(rpc, 12, "(Muon: 409)", "ask again only if that does no harm")
        self.open_gate()

    def test_sigterm_and_ctrl_c_let_it_finish_what_it_serves(self):
        for number in signal.SIGTERM, signal.SIGINT:
            serve = self.begin("serve", "shop", "/x", "--exec", "cat", self.fifo)
            rpc = self.spawn("rpc", "shop", "/x")
            self.wait_until_in_flight()
            serve.send_signal(number)
            self.assertIn(b"ending:", serve.stderr.readline())
            self.open_gate(b"[1]")
            self.assertEqual(self.assert_process_ends(rpc, 0), b"[1]\n")
            self.assert_process_ends(serve, 0)

    def test_workers_run_at_the_same_time(self):
        self.begin("serve", "shop", "/w/**", "--workers", "2", "--exec", "sh", "-c",
                   f'if [ "$MUON_PATH" = /w/reads ]; then cat {self.fifo}; else echo 1 > {self.fifo}; fi')
        reads = self.spawn("rpc", "shop", "/w/reads")
        self.assert_ends(self.muon("rpc", "shop", "/w/writes"), 0)
        self.assertEqual(self.assert_process_ends(reads, 0), b"1\n")

    def test_a_restart_of_photond_is_a_pause(self):
        self.begin("serve", "shop", "/x")
        self.photond.kill()
        self.photond.start()
        while not self.services():
            pass
        self.assertEqual(self.muon("rpc", "shop", "/x", "7").stdout, b"7\n")

    def test_7_nobody_answers_where_photond_is_not(self):
        self.photond.kill()
        for verb in ["rpc", "a", "/b"], ["stream", "stream://a/b"], ["serve", "a", "/b"], ["publish", "a", "/b"], \
                ["discover"], ["introspect", "a"]:
            self.assert_ends(self.muon(*verb, "--timeout", "300ms"), 7, "Is photond running there?")


class Publishing(WithServices):
    def publish(self, *arguments):
        return self.begin("publish", "shop", "/x", *arguments, stdin=subprocess.PIPE)

    def subscriber(self, publish):
        """One more, once it has joined."""
        stream = self.spawn("stream", "stream://shop/x")
        self.assertIn(b"has joined", publish.stderr.readline())
        return stream

    def write(self, publish, lines):
        publish.stdin.write(lines)
        publish.stdin.flush()

    def test_hot_is_what_comes_after_joining_and_ends_with_the_input(self):
        publish = self.publish()
        first = self.subscriber(publish)
        self.write(publish, b"1\n")
        self.assertEqual(first.stdout.readline(), b"1\n")
        second = self.subscriber(publish)
        self.write(publish, b"2\n3")
        self.assert_process_ends(publish, 0, "3 lines, 2 subscribers")
        self.assertEqual(self.assert_process_ends(first, 0), b"2\n3\n")
        self.assertEqual(self.assert_process_ends(second, 0), b"2\n3\n")

    def test_cold_is_everything_for_everybody_and_goes_on_until_ctrl_c(self):
        publish = self.publish("--cold")
        lines = b"".join(b"%d\n" % n for n in range(20000))
        first = self.subscriber(publish)
        self.write(publish, lines)
        publish.stdin.close()
        self.assertEqual(self.assert_process_ends(first, 0), lines)
        second = self.subscriber(publish)
        self.assertEqual(self.assert_process_ends(second, 0), lines)
        publish.stdin = None
        publish.send_signal(signal.SIGINT)
        self.assert_process_ends(publish, 0, "20000 lines, 2 subscribers")

    def test_who_is_behind_is_told_so_and_holds_up_nobody_for_ever(self):
        publish = self.publish()
        slow, quick = self.subscriber(publish), self.subscriber(publish)
        slow.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, slow.pid, os.WSTOPPED)
        lines = b"".join(b"%0500d\n" % n for n in range(40000))
        writer = threading.Thread(target=self.write, args=(publish, lines))
        writer.start()
        self.assertEqual(b"".join(quick.stdout.readline() for _ in range(40000)), lines)
        writer.join()
        self.assertIn(b"a subscriber was let go", publish.stderr.readline())
        slow.send_signal(signal.SIGCONT)
        self.assert_process_ends(slow, 12, "has let this subscriber go")
        self.assert_process_ends(publish, 0)
        self.assert_process_ends(quick, 0)

    def test_12_a_publisher_that_is_killed_is_lost(self):
        publish = self.publish()
        stream = self.subscriber(publish)
        publish.kill()
        self.assert_process_ends(stream, 12, "(Muon: 409)")

    def test_who_has_seen_enough_leaves(self):
        publish = self.publish("--count", "1")
        stream = self.spawn("stream", "stream://shop/x", "--limit", "2")
        self.assertIn(b"has joined", publish.stderr.readline())
        self.write(publish, b"1\n2\n3\n")
        self.assertEqual(self.assert_process_ends(stream, 0), b"1\n2\n")
        self.assert_process_ends(publish, 0, "a subscriber has left: 0 now")

    def test_ctrl_c_ends_a_stream(self):
        publish = self.publish()
        stream = self.subscriber(publish)
        stream.send_signal(signal.SIGINT)
        stream.communicate(timeout=LIMIT_S)
        self.assertEqual(stream.returncode, -signal.SIGINT)
        self.assertIn(b"has left", publish.stderr.readline())


class Watching(WithServices):
    def names(self, watch):
        """Of the next document."""
        return [service["identifier"] for service in json.loads(watch.stdout.readline())["services"]]

    def wait_for(self, watch, names):
        while self.names(watch) != names:
            pass

    # semantics 22
    def test_who_comes_and_goes_is_told_and_a_kill_of_photond_is_a_pause(self):
        watch = self.spawn("discover", "--watch", "--json")
        self.wait_for(watch, ["photon"])
        serve = self.begin("serve", "shop", "/x")
        self.wait_for(watch, ["photon", "shop"])
        serve.send_signal(signal.SIGINT)
        self.wait_for(watch, ["photon"])
        self.photond.kill()
        self.photond.start()
        self.assertEqual(self.names(watch), ["photon"])
        watch.send_signal(signal.SIGINT)
        self.assert_process_ends(watch, -signal.SIGINT)

    def test_only_what_is_asked_for_is_told_and_as_often_as_is_asked(self):
        watch = self.spawn("discover", "shop", "--watch", "--limit", "2")
        self.assertRegex(watch.stdout.readline(), rb"^-- \d{4}-\d\d-\d\dT.*Z --$")
        self.assertEqual(watch.stderr.readline(), b"no services\n")
        self.begin("serve", "other", "/x")
        self.begin("serve", "shop", "/x")
        self.assertRegex(self.assert_process_ends(watch, 0), rb"(?s)^\n-- .* --\nSERVICE .*\nshop .*/x\n$")

    def test_a_filter_that_cannot_be_is_refused(self):
        done = self.muon("discover", "a\nb", "--watch")
        self.assertEqual(done.returncode, 3, done)
        self.assertEqual(self.muon("discover", "--limit", "2").returncode, 2)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))

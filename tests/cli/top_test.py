"""`muon top`: in a terminal, which it draws on and leaves as it was, however it ends; and without one. Ends with unittest's summary."""
import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from photond import LIMIT_S, MUON, Photond  # noqa: E402

ENTER, LEAVE = b"\x1b[?1049h\x1b[?25l", b"\x1b[?25h\x1b[?1049l"
EVENT = '{"stream-name":"orders/%d","event-type":"Placed","payload":{}}'


class Terminal:
    """`muon top` in a terminal of its own; what it writes is kept."""

    def __init__(self, photond, url, *words, rows=30, columns=100):
        self.seen = b""
        self.fd, theirs = pty.openpty()
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.fd)
        self.pid = os.fork()
        if self.pid == 0:
            os.login_tty(theirs)
            os.execve(MUON, [MUON, "top", "100ms", "--server", url, *words], photond.environment)
        os.close(theirs)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_until(self, found):
        """Until found(what was written) holds, or it writes no more."""
        until = time.monotonic() + LIMIT_S
        while not found(self.seen):
            ready, _, _ = select.select([self.fd], [], [], until - time.monotonic())
            if not ready:
                raise AssertionError(f"waited in vain; it wrote {self.seen[-2000:]!r}")
            try:
                self.seen += os.read(self.fd, 65536)
            except OSError:  # nobody has the other end any more
                return

    def wait(self):
        """Its exit code, once it has ended."""
        if self.fd >= 0:
            self.read_until(lambda seen: False)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def last_picture(self):
        """The lines of the last whole picture."""
        pictures = self.seen.split(b"\x1b[H")[1:-1]
        return [line.replace(b"\x1b[K", b"").replace(b"\x1b[J", b"").rstrip(b"\r") for line in pictures[-1].split(b"\r\n")] if pictures else []


class Top(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.photond = Photond()
        cls.url = f"muon+unix://{cls.photond.data}/admin.sock"
        emitted = cls.photond.muon("emit", stdin="\n".join(EVENT % n for n in range(50)).encode())
        assert emitted.returncode == 0, emitted

    @classmethod
    def tearDownClass(cls):
        cls.photond.close()

    def draws(self, *words, **size):
        terminal = Terminal(self.photond, self.url, *words, **size)
        terminal.read_until(lambda seen: b"orders/" in seen and terminal.last_picture())
        self.assertIn(ENTER, terminal.seen)
        self.assertIn(b"photond ", terminal.seen)
        return terminal

    def assert_left(self, terminal):
        """It ended in order, and everything is as it was before."""
        terminal.read_until(lambda seen: seen.endswith(LEAVE))
        self.assertEqual(terminal.seen.count(ENTER), 1)
        self.assertEqual(terminal.seen.count(LEAVE), 1)
        self.assertEqual(terminal.wait(), 0)

    def test_q_leaves_the_terminal_as_it_was(self):
        terminal = self.draws()
        os.write(terminal.fd, b"xq")
        terminal.read_until(lambda seen: seen.endswith(LEAVE))
        self.assertEqual(termios.tcgetattr(terminal.fd), terminal.before)
        self.assert_left(terminal)

    def test_interrupts_leave_it_as_it_was(self):
        terminal = self.draws()
        os.write(terminal.fd, b"\x03")
        self.assert_left(terminal)
        terminal = self.draws()
        os.kill(terminal.pid, signal.SIGTERM)
        self.assert_left(terminal)

    def test_it_is_drawn_anew_for_another_size(self):
        terminal = self.draws(rows=40, columns=120)
        self.assertGreater(max(map(len, terminal.last_picture())), 30)
        terminal.resize(6, 30)
        terminal.read_until(lambda seen: len(terminal.last_picture()) == 6)
        self.assertEqual(max(map(len, terminal.last_picture())), 30)
        os.write(terminal.fd, b"q")
        self.assert_left(terminal)

    def test_it_ends_when_its_terminal_is_gone(self):
        terminal = self.draws()
        os.close(terminal.fd)
        terminal.fd = -1
        self.assertEqual(terminal.wait(), 0)

    def test_who_is_no_administrator_sees_why_and_no_picture(self):
        terminal = Terminal(self.photond, self.photond.url)
        self.assertNotEqual(terminal.wait(), 0)
        self.assertIn(b"admin socket", terminal.seen.split(LEAVE)[-1])

    def test_without_a_terminal_once_is_one_table(self):
        done = self.photond.muon("top", "once", "--server", self.url)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertNotIn(b"\x1b", done.stdout)
        self.assertEqual(done.stdout.count(b"photond "), 1)
        self.assertIn(b"orders/", done.stdout)

    def test_with_json_once_is_one_object_with_rates(self):
        done = self.photond.muon("top", "once", "--json", "--server", self.url)
        self.assertEqual(done.returncode, 0)
        shown = json.loads(done.stdout)
        self.assertEqual(set(shown), {"stats", "rates", "services", "subscriptions", "streams"})
        self.assertEqual(shown["stats"]["events"], 50)
        self.assertEqual(shown["rates"]["events"], 0)
        self.assertEqual(len(shown["streams"]), 50)

    def test_an_interval_without_a_terminal_goes_on_until_nobody_reads(self):
        with self.photond.spawn("top", "100ms", "--json", "--server", self.url, stdout=-1) as top:
            times = [json.loads(top.stdout.readline())["stats"]["time"] for _ in range(3)]
            self.assertEqual(times, sorted(times))
            top.stdout.close()
            self.assertEqual(top.wait(LIMIT_S), 0)

    def test_what_is_no_interval_is_refused(self):
        for word in ("soon", "10ms", "-1s"):
            done = self.photond.muon("top", "--server", self.url, "--", word)
            self.assertEqual(done.returncode, 2, word)
            self.assertIn(b"no interval", done.stderr)


if __name__ == "__main__":
    unittest.main()

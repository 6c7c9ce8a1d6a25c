"""The command line on a terminal, which is a pseudo-terminal here: colour, progress, a size that changes, Ctrl-C, a line that is
hung up; and where the output goes when it goes nowhere."""
import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import termios
import unittest

from cli_test import LIMIT_S, MUON, WithPhotond, line


class Terminal:
    """A program on a terminal of its own, which it can be interrupted from."""

    def __init__(self, photond, *arguments, columns=80, stdin=None, **environment):
        self.main, self.side = pty.openpty()
        self.resize(columns)
        self.attributes = termios.tcgetattr(self.side)
        self.seen = b""
        self.process = subprocess.Popen([MUON, *arguments], stdin=stdin or self.side, stdout=self.side, stderr=self.side,
                                        env={**photond.environment, **environment}, start_new_session=True,
                                        preexec_fn=lambda: fcntl.ioctl(2, termios.TIOCSCTTY, 0))

    def resize(self, columns):
        """The kernel sends SIGWINCH."""
        termios.tcsetwinsize(self.main, (24, columns))

    def type(self, keys):
        os.write(self.main, keys)

    def read(self, wait_s=LIMIT_S):
        """What is there, as soon as anything is."""
        if select.select([self.main], [], [], wait_s)[0]:
            self.seen += os.read(self.main, 65536)
        return self.seen

    def read_until(self, pattern):
        while not re.search(pattern, self.seen):
            before = self.seen
            if self.read() == before:
                raise AssertionError(f"{pattern} is not in {self.seen}")
        return self.seen.decode()

    def hang_up(self):
        """As when its window is closed."""
        os.close(self.side)
        os.close(self.main)
        self.main = self.side = None

    def end(self):
        """All that it has shown, and how it ended."""
        code = self.process.wait(LIMIT_S)
        sane = termios.tcgetattr(self.side) == self.attributes
        os.close(self.side)
        while True:
            try:
                piece = os.read(self.main, 65536)
            except OSError:  # nobody is on the other side
                break
            if not piece:
                break
            self.seen += piece
        os.close(self.main)
        return self.seen.decode(), code, sane

    def kill(self):
        self.process.kill()
        self.process.wait()


class Colour(WithPhotond):
    def shown(self, *arguments, **environment):
        return Terminal(self.photond, *arguments, **environment).end()[0]

    def test_it_is_on_a_terminal_only_and_the_option_wins_over_the_environment(self):
        self.muon("emit", stdin=line(1))
        bold, red = "\033[1m", "\033[31m"
        self.assertIn(bold, self.shown("replay", "__all__"))
        self.assertIn(red, self.shown("get", "nothing"))
        for never in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertNotIn("\033", self.shown("replay", "__all__", **never))
        for option in ["--color", "never"], ["--color=never"], ["--no-color"]:
            self.assertNotIn("\033", self.shown("replay", "__all__", *option))
        self.assertIn(bold, self.shown("replay", "__all__", "--color", "always", NO_COLOR="1"))
        self.assertNotIn(b"\033", self.muon("replay", "__all__").stdout)
        self.assertIn(bold.encode(), self.muon("replay", "__all__", "--color", "always").stdout)
        self.assertIn(red.encode(), self.muon("get", "nothing", "--color", "always").stderr)
        self.assert_ends(self.muon("ping", "--color", "pink"), 2, "--color cannot be \"pink\"", "always, never, auto")

    def test_what_a_payload_holds_cannot_move_the_cursor(self):
        self.muon("emit", stdin=b'{"stream-name":"s","event-type":"T","payload":{"t":"\\u001b[2J\\u0007"}}\n')
        self.assertNotIn("\033", self.shown("replay", "s", "--no-color"))
        self.assertIn(".[2J.", self.shown("replay", "s", "--format", "{payload.t}", "--no-color"))
        self.assertEqual(self.muon("replay", "s", "--format", "{payload.t}").stdout, b"\033[2J\007\n")


class Progress(WithPhotond):
    def test_of_a_file_it_has_a_bar_the_rate_and_the_time_that_is_left(self):
        with tempfile.TemporaryFile() as file:
            file.write(b"".join(line(n) for n in range(3000)))
            file.seek(0)
            shown, code, _ = Terminal(self.photond, "emit", stdin=file, columns=120).end()
        self.assertEqual(code, 0, shown)
        self.assertRegex(shown, r"\r\[=* *\] +\d+ %, \d+ s left  \d+ stored, \d+ stored before, \d+ events/s\033\[K")
        self.assertRegex(shown, r"\r\033\[K3000 stored, 0 stored before, 0 failed \(.*\)\r\n$")

    def test_nothing_of_it_is_shown_with_quiet_with_json_or_in_a_pipe(self):
        for option in "--quiet", "--json":
            with tempfile.TemporaryFile() as file:
                file.write(b"".join(line(n) for n in range(3000)))
                file.seek(0)
                shown, _, _ = Terminal(self.photond, "emit", option, stdin=file).end()
            self.assertNotIn("\033", shown)
        self.assertNotIn(b"\r", self.muon("emit", stdin=line(1)).stderr)

    def test_it_keeps_to_the_width_of_the_terminal_also_when_that_changes(self):
        reading, writing = os.pipe()
        terminal = Terminal(self.photond, "emit", stdin=reading, columns=20)
        self.addCleanup(terminal.kill)
        os.close(reading)
        self.emit_until(terminal, writing, rb"\r[^\r]{1,19}\033\[K")
        self.assertNotRegex(terminal.seen, rb"\r[^\r]{20,}\033\[K")
        terminal.resize(100)
        self.emit_until(terminal, writing, rb"\r\d+ stored, \d+ stored before, \d+ events/s\033\[K")
        os.close(writing)
        self.assertEqual(terminal.end()[1], 0)

    def emit_until(self, terminal, writing, pattern):
        """Lines, one after the other, until the progress shows so; it is drawn ten times a second at most."""
        number = 0
        while not re.search(pattern, terminal.seen):
            number += 1
            os.write(writing, line(number))
            terminal.read(0.05)

    def test_a_terminal_that_is_closed_ends_it_and_it_can_be_done_again(self):
        with tempfile.TemporaryFile() as file:
            file.write(b"".join(line(n) for n in range(2000)))
            reading, writing = os.pipe()
            terminal = Terminal(self.photond, "emit", stdin=reading)
            os.close(reading)
            os.write(writing, line(1))
            terminal.read_until(rb"1 stored")
            terminal.hang_up()
            self.assertEqual(terminal.process.wait(LIMIT_S), -signal.SIGHUP)
            os.close(writing)
            file.seek(0)
            self.assert_ends(self.muon("emit", stdin=file.read()), 0, "1999 stored, 1 stored before")


class Interrupted(WithPhotond):
    def test_ctrl_c_ends_a_tail_and_leaves_the_terminal_as_it_was(self):
        self.muon("emit", stdin=line(1))
        terminal = Terminal(self.photond, "tail", "__all__")
        self.addCleanup(terminal.kill)
        terminal.read_until(rb"-- live")
        terminal.type(b"\x03")
        shown, code, sane = terminal.end()
        self.assertEqual((code, sane), (-signal.SIGINT, True))  # which a shell tells as 130
        self.assertIn("-- live: what follows is new --", shown)
        self.assertEqual(re.findall(r"\033\[\d*m", shown)[-1:], ["\033[0m"])

    def test_ctrl_c_lets_an_import_say_how_far_it_has_come(self):
        terminal = Terminal(self.photond, "emit")
        self.addCleanup(terminal.kill)
        terminal.read_until(rb"Reading events from the terminal")
        terminal.type(line(1))
        terminal.read_until(rb"1 stored")
        terminal.type(b"\x03")
        shown, code, sane = terminal.end()
        self.assertEqual((code, sane), (130, True))
        self.assertIn("stopped at line 1", shown)

    def test_a_tail_fits_the_terminal_also_when_it_has_been_resized(self):
        terminal = Terminal(self.photond, "tail", "s/1", "--no-color", columns=100)
        self.addCleanup(terminal.kill)
        terminal.read_until(rb"-- live")
        for number, columns in (1, 100), (8, 150), (15, 90):
            terminal.resize(columns)
            self.muon("emit", stdin=line(number, payload="x" * 500))
            row = re.search(r"\d{16}[^\r]*…\r\n", terminal.read_until(rb"T  .*\xe2\x80\xa6\r\n"))[0]
            self.assertLessEqual(len(row.rstrip()), columns)
            self.assertGreater(len(row.rstrip()), columns - 12)
            terminal.seen = b""

    def test_a_tail_on_a_terminal_that_is_closed_ends(self):
        terminal = Terminal(self.photond, "tail", "__all__")
        terminal.read_until(rb"-- live")
        terminal.hang_up()
        self.assertEqual(terminal.process.wait(LIMIT_S), -signal.SIGHUP)


class Output(WithPhotond):
    """Nobody reads it, or it cannot be written."""

    EVENT = '{"stream-name":"s","event-type":"T"}'
    COMMANDS = [["emit", EVENT], ["emit", EVENT, "--json"], ["replay", "__all__"], ["tail", "__all__", "--limit", "1"],
                ["read", "__all__"], ["get", "s/1", "1"], ["why", "id-1"], ["streams"], ["streams", "--json"],
                ["delete", "s/2"], ["rpc", "photon", "/stats"], ["discover"], ["introspect", "photon"], ["ping"],
                ["stream", "stream://photon/stream?stream-type=cold"], ["info"], ["help"], ["help", "emit"],
                ["help", "--json"], ["help", "--as", "man"], ["--help"], ["--version"],
                ["replay", "__all__", "--format", "{order-id}"], ["publish", "shop", "/x", "--json"]]

    def setUp(self):
        super().setUp()
        self.muon("emit", stdin=line(1))

    def run_into(self, arguments, stdout):
        return subprocess.run([MUON, *arguments], stdout=stdout, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              timeout=LIMIT_S, env=self.photond.environment)

    def test_a_full_disk_is_told_by_every_verb(self):
        for arguments in self.COMMANDS:
            with open("/dev/full", "wb") as full:
                done = self.run_into(arguments, full)
            self.assert_ends(done, 1, "cannot write the output: No space left on device")

    def test_a_reader_that_has_gone_is_no_failure_of_any_verb(self):
        for arguments in self.COMMANDS:
            reading, writing = os.pipe()
            os.close(reading)
            done = self.run_into(arguments, writing)
            os.close(writing)
            self.assertEqual(done.returncode, 0, (arguments, done))
            self.assertNotIn(b"muon:", done.stderr)

    def test_the_same_of_an_output_that_is_larger_than_any_buffer(self):
        streams = b"".join(line(n, **{"stream-name": f"{n:0100}"}) for n in range(2, 6000))
        self.assert_ends(self.muon("emit", stdin=streams), 0)
        for arguments in ["streams"], ["streams", "--json"], ["rpc", "photon", "/stream-names"], ["replay", "__all__"]:
            with open("/dev/full", "wb") as full:
                self.assert_ends(self.run_into(arguments, full), 1, "No space left on device")
            done = subprocess.run(["bash", "-c", "muon \"$@\" | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}", "-", *arguments],
                                  env=self.photond.environment, capture_output=True, timeout=LIMIT_S)
            self.assertEqual((done.returncode, done.stderr), (0, b""), arguments)

    def test_an_output_that_is_closed_is_told(self):
        done = subprocess.run(["sh", "-c", "muon streams >&-"], env=self.photond.environment, timeout=LIMIT_S,
                              capture_output=True)
        self.assert_ends(done, 1, "cannot write the output: Bad file descriptor")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))

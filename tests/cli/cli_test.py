"""The command line against a real photond, where a transcript does not reach: pipes, signals, kills, certificates,
each exit code, and the round trip of real events."""
import gzip
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from photond import LIMIT_S, MUON, PHOTOND, ROOT, Photond  # noqa: E402

DATA = ROOT.parent / "shared/data/bpic2012.ndjson.gz"
REAL_EVENTS = int(os.environ.get("REAL_EVENTS", 262200))  # fewer under a sanitizer: tests/CMakeLists.txt
STORE_FIELDS = re.compile(rb',"order-id":\d+,"version":\d+,"event-time":\d+\}$')


def line(number, **more):
    return json.dumps({"stream-name": f"s/{number % 7}", "event-type": "T", "event-id": f"id-{number}",
                       "payload": {"n": number}, **more}).encode() + b"\n"


class WithPhotond(unittest.TestCase):
    def setUp(self):
        self.photond = Photond()
        self.addCleanup(self.photond.close)
        self.muon = self.photond.muon

    def assert_ends(self, done, code, *said):
        self.assertEqual(done.returncode, code, done)
        for text in said:
            self.assertIn(text, done.stderr.decode())


class ExitCodes(WithPhotond):
    """One test for each row of the table in cli/exits.c."""

    def assert_shown(self, tail):
        """It ends once it has shown an event."""
        out, said = tail.communicate(timeout=LIMIT_S)
        self.assertIn(b"id-1", out, said)

    def test_0_done(self):
        self.assert_ends(self.muon("ping"), 0)

    def test_1_output_that_cannot_be_written_is_a_failure(self):
        self.muon("emit", stdin=line(1))
        with open("/dev/full", "wb") as full:
            done = subprocess.run([MUON, "replay", "__all__"], stdout=full, stderr=subprocess.PIPE, timeout=LIMIT_S,
                                  env=self.photond.environment)
        self.assert_ends(done, 1, "cannot write the output: No space left on device")

    def test_2_a_wrong_command_line(self):
        self.assert_ends(self.muon("replay"), 2, "muon replay STREAM", "See `muon help replay`")

    def test_3_malformed_input_names_the_line_and_what_came_before_is_stored(self):
        done = self.muon("emit", stdin=line(1) + line(2) + b'{"stream-name":"s",}\n' + line(4))
        self.assert_ends(done, 3, "line 3: malformed JSON: expected a key in double quotes", "2 stored")
        self.assertEqual([e["event-id"] for e in self.photond.events()], ["id-1", "id-2"])

    def test_3_what_the_store_refuses_is_told_in_its_words(self):
        done = self.muon("emit", stdin=line(1) + line(2, **{"stream-name": "__own__"}))
        self.assert_ends(done, 3, "line 2: ", "1 stored")

    def test_4_not_found(self):
        self.assert_ends(self.muon("get", "nothing"), 4)

    def test_5_conflict(self):
        self.muon("emit", stdin=line(1))
        self.assert_ends(self.muon("emit", stdin=line(2) + line(1, payload="another")), 5, "line 2: ")
        self.assert_ends(self.muon("emit", line(3).decode(), "--expect", "9"), 5)

    def test_7_unreachable(self):
        self.photond.kill()
        self.assert_ends(self.muon("ping", "--timeout", "300ms"), 7, "Is photond running there?")

    def test_8_timed_out(self):
        emit = self.photond.spawn("emit", "--timeout", "300ms", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        tail = self.photond.spawn("tail", "__all__", "-r", "--limit", "1", stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        emit.stdin.write(line(1))
        emit.stdin.flush()
        self.assert_shown(tail)  # it is stored, so the connection stands
        self.photond.pause()
        _, said = emit.communicate(line(2), timeout=LIMIT_S)
        self.assertEqual(emit.returncode, 8, said)
        self.assertIn(b"line 2: ", said)

    def test_9_too_large(self):
        done = self.muon("emit", stdin=line(1) + line(2, payload="x" * 1100000))
        self.assert_ends(done, 9, "line 2: ", "1 stored")

    def test_10_partly_done(self):
        done = self.muon("emit", "--keep-going", stdin=line(1) + b"x\n" + line(3, payload="y" * 1100000) + line(4))
        self.assert_ends(done, 10, "line 2: ", "line 3: ", "2 stored, 0 stored before, 2 failed")

    def test_130_interrupted_once_what_was_sent_is_waited_for(self):
        emit = self.photond.spawn("emit", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        tail = self.photond.spawn("tail", "__all__", "-r", "--limit", "1", stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        emit.stdin.write(line(1))
        emit.stdin.flush()
        self.assert_shown(tail)
        emit.send_signal(signal.SIGINT)
        said = emit.stderr.read()
        self.assertEqual(emit.wait(LIMIT_S), 130, said)
        self.assertIn(b"1 stored", said)
        emit.stdin.close()
        emit.stderr.close()


class Certificates(unittest.TestCase):
    def setUp(self):
        self.photond = Photond(tls=True)
        self.addCleanup(self.photond.close)

    # semantics 19
    def test_the_folder_of_photond_init_is_all_that_is_needed(self):
        done = self.photond.muon("ping")
        self.assertEqual(done.returncode, 0, done)

    def test_files_can_be_named_one_by_one_and_in_the_home_folder(self):
        tls = self.photond.dir / "init/tls"
        named = self.photond.muon("ping", "--ca", tls / "ca.crt", "--cert", tls / "client.crt", "--key",
                                  tls / "client.key", MUON_CERTS="")
        self.assertEqual(named.returncode, 0, named)
        (self.photond.dir / ".config").mkdir()
        (self.photond.dir / ".config/muon").symlink_to(tls)
        self.assertEqual(self.photond.muon("ping", MUON_CERTS="").returncode, 0)

    def test_a_context_is_all_that_is_needed_in_every_folder(self):
        def muon(*arguments, cwd):
            return subprocess.run([MUON, *arguments], capture_output=True, timeout=LIMIT_S, cwd=cwd,
                                  env={**self.photond.environment, "MUON_URL": "", "MUON_CERTS": ""})
        added = muon("context", "add", "shop", "--server", self.photond.url, "--certs", "init", cwd=self.photond.dir)
        self.assertEqual(added.returncode, 0, added)
        self.assertEqual(muon("ping", cwd="/").returncode, 0)
        shown = json.loads(muon("context", "show", "--json", cwd="/").stdout)
        self.assertEqual(shown["ca"], {"value": str(self.photond.dir / "init/tls/ca.crt"), "from": "context shop"})

    def test_a_folder_that_an_option_names_comes_before_a_file_that_the_environment_names(self):
        shown = json.loads(self.photond.muon("context", "show", "--json", "--certs", self.photond.dir / "init",
                                             "--key", "own.key", MUON_CA="other.crt", MUON_KEY="other.key").stdout)
        self.assertEqual([shown[name]["from"] for name in ("ca", "cert", "key")], ["--certs", "--certs", "--key"])

    def test_contexts_that_are_added_at_one_time_are_all_kept(self):
        adding = [self.photond.spawn("context", "add", f"c{n}", "-q") for n in range(8)]
        self.assertEqual([one.wait(LIMIT_S) for one in adding], [0] * 8)
        listed = json.loads(self.photond.muon("context", "--json").stdout)["contexts"]
        self.assertEqual(sorted(one["name"] for one in listed), [f"c{n}" for n in range(8)])

    def test_6_a_server_that_our_authority_does_not_vouch_for_is_denied(self):
        other = Photond(tls=True)
        self.addCleanup(other.close)
        done = self.photond.muon("ping", "--timeout", "2s", "--ca", other.dir / "init/tls/ca.crt")
        self.assertEqual(done.returncode, 6, done)
        self.assertIn(b"the server's certificate is not accepted", done.stderr)
        self.assertIn(b"Give the certificate that the server trusts", done.stderr)

    def test_a_missing_certificate_is_named_as_the_likely_reason(self):
        done = self.photond.muon("ping", "--timeout", "2s", "--ca", self.photond.dir / "init/tls/ca.crt", MUON_CERTS="")
        self.assertEqual(done.returncode, 7, done)
        self.assertIn(b"probably demands a client certificate", done.stderr)

    def test_7_nobody_there_is_an_answer_while_certificates_are_still_being_read(self):
        """One try in twenty ended within OpenSSL, which the end of the program had taken down."""
        for attempt in range(120):
            verb = ("verify", "ping")[attempt % 2]
            done = self.photond.muon(verb, "--timeout", f"{1 + attempt % 4}ms", MUON_URL="muon://127.0.0.1:9")
            self.assertEqual(done.returncode, 7, done)

    def test_2_a_certificate_file_that_is_not_there_or_not_to_be_read(self):
        tls = self.photond.dir / "init/tls"
        (self.photond.dir / "text.crt").write_text("this is no certificate\n")
        (self.photond.dir / "empty.crt").write_text("")
        for option, file in ("--cert", "nowhere.crt"), ("--ca", "nowhere.crt"), ("--key", "nowhere.key"), \
                ("--ca", self.photond.dir), ("--cert", self.photond.dir), ("--ca", self.photond.dir / "text.crt"), \
                ("--cert", self.photond.dir / "text.crt"), ("--key", self.photond.dir / "empty.crt"), \
                ("--key", tls / "server.key"):
            done = self.photond.muon("ping", "--timeout", "2s", option, file)
            self.assertEqual(done.returncode, 2, (option, file, done))
            self.assertIn(str(file).encode(), done.stderr)


class Streams(WithPhotond):
    """Standard input, output and error, and what hangs on them."""

    def test_a_closed_pipe_ends_quietly(self):
        self.muon("emit", stdin=b"".join(line(n, payload="x" * 1000) for n in range(2000)))
        done = subprocess.run(["bash", "-c", "muon replay __all__ -r | head -n 1 | wc -l; echo ${PIPESTATUS[0]}"],
                              env=self.photond.environment, capture_output=True, timeout=LIMIT_S)
        self.assertEqual((done.stdout, done.stderr), (b"1\n0\n", b""))

    def test_a_tail_shows_what_comes_and_says_when_it_is_live(self):
        self.muon("emit", stdin=line(1))
        tail = self.photond.spawn("tail", "__all__", "-r", "--limit", "2", stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        self.assertEqual(json.loads(tail.stdout.readline())["event-id"], "id-1")
        self.assertIn(b"-- live", tail.stderr.readline())
        self.muon("emit", stdin=line(2))
        out, _ = tail.communicate(timeout=LIMIT_S)
        self.assertEqual(json.loads(out)["event-id"], "id-2")
        self.assertEqual(tail.returncode, 0)

    def test_ctrl_c_ends_a_tail(self):
        tail = self.photond.spawn("tail", "__all__", "-n", "0", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertIn(b"-- live", tail.stderr.readline())
        tail.send_signal(signal.SIGINT)
        tail.communicate(timeout=LIMIT_S)
        self.assertEqual(tail.returncode, -signal.SIGINT)

    def test_answers_are_awaited_while_the_input_rests(self):
        emit = self.photond.spawn("emit", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        emit.stdin.write(line(1) + line(2, **{"stream-name": "__own__"}))
        emit.stdin.flush()
        self.assertIn(b"line 2: ", emit.stderr.readline())  # told although the input is still open
        emit.stderr.read()
        self.assertEqual(emit.wait(LIMIT_S), 3)
        emit.stdin.close()
        emit.stderr.close()

    # semantics 11
    def test_any_bytes_come_back_as_they_were(self):
        payloads = [b'{ "a" :1.50,\t"a":"\\u0041\\/" }', b'[1e400]', b'"\xc3\xa9\\ud83d\\ude00"', b'12345678901234567890123']
        self.muon("emit", stdin=b"".join(b'{"stream-name":"s","event-type":"T","payload":%s}\n' % p for p in payloads))
        out = self.muon("replay", "s", "-r").stdout.splitlines()
        self.assertEqual([re.search(rb'"payload":(.*),"order-id"', text).group(1) for text in out], payloads)


class Imports(WithPhotond):
    def test_an_import_that_was_killed_is_simply_done_again(self):
        lines = b"".join(line(n) for n in range(20000))
        emit = self.photond.spawn("emit", stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        tail = self.photond.spawn("tail", "__all__", "-n", "all", "-r", "--limit", "5000", stdout=subprocess.DEVNULL)
        emit.stdin.write(lines[:len(lines) // 2])
        emit.stdin.flush()
        self.assertEqual(tail.wait(LIMIT_S), 0)  # so much is stored
        emit.kill()
        emit.wait()
        emit.stdin.close()
        done = self.muon("emit", "--json", stdin=lines)
        self.assertEqual(done.returncode, 0, done)
        counts = json.loads(done.stdout)
        self.assertGreaterEqual(counts["duplicates"], 5000)
        self.assertEqual(counts["stored"] + counts["duplicates"], 20000)
        self.assertEqual([e["event-id"] for e in self.photond.events()], [f"id-{n}" for n in range(20000)])

    def test_importing_again_stores_nothing(self):
        lines = b"".join(line(n) for n in range(5000))
        self.assert_ends(self.muon("emit", stdin=lines), 0, "5000 stored, 0 stored before")
        self.assert_ends(self.muon("emit", stdin=lines), 0, "0 stored, 5000 stored before")
        self.assertEqual(len(self.photond.events()), 5000)

    def test_what_is_replayed_can_be_emitted_again(self):
        self.muon("emit", stdin=b"".join(line(n, payload="\n" * n, **{"caused-by": n + 1}) for n in range(100)))
        backup = self.muon("replay", "__all__", "-r").stdout
        self.assert_ends(self.muon("emit", stdin=backup), 0, "0 stored, 100 stored before")

    # semantics 22
    def test_a_kill_of_photond_is_a_pause(self):
        emit = self.photond.spawn("emit", stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for part in range(4):
            emit.stdin.write(b"".join(line(n) for n in range(part * 5000, part * 5000 + 5000)))
            emit.stdin.flush()
            if part < 3:
                self.photond.kill()
                self.photond.start()
        _, said = emit.communicate(timeout=LIMIT_S)
        self.assertEqual(emit.returncode, 0, said)
        self.assertEqual([e["event-id"] for e in self.photond.events()], [f"id-{n}" for n in range(20000)])


def real_events():
    """The first REAL_EVENTS of them, by lines, and the number of their streams."""
    lines = gzip.decompress(DATA.read_bytes()).splitlines(keepends=True)[:REAL_EVENTS]
    return b"".join(lines), len({re.search(rb'"stream-name":"([^"]*)"', text).group(1) for text in lines})


@unittest.skipUnless(DATA.exists(), f"{DATA.name} is not there")
class RealEvents(WithPhotond):
    kills = sorted(random.sample(range(1000, REAL_EVENTS - 1000), 3))  # after how many events that the follower has seen

    # semantics 3, 11
    def test_real_events_come_back_byte_for_byte_and_are_stored_once(self):
        lines, of_streams = real_events()
        self.assert_ends(self.muon("emit", stdin=lines), 0, f"{REAL_EVENTS} stored, 0 stored before, 0 failed")
        digest = hashlib.sha256()
        out = self.muon("replay", "__all__", "-r").stdout
        orders = [int(n) for n in re.findall(rb',"order-id":(\d+),"version"', out)]
        for text in out.splitlines():
            digest.update(STORE_FIELDS.sub(b"}", text) + b"\n")
        self.assertEqual(digest.hexdigest(), hashlib.sha256(lines).hexdigest())
        self.assertEqual(orders, sorted(set(orders)))
        streams = json.loads(self.muon("streams", "--json").stdout)["streams"]
        self.assertEqual((len(streams), sum(s["total-events"] for s in streams)), (of_streams, REAL_EVENTS))
        self.assert_ends(self.muon("emit", stdin=lines), 0, f"0 stored, {REAL_EVENTS} stored before, 0 failed")

    # semantics 22
    def test_an_import_and_a_follower_get_through_three_kills_of_photond(self):
        lines, of_streams = real_events()
        with tempfile.TemporaryFile() as file:
            file.write(lines)
            file.seek(0)
            follower = self.photond.spawn("tail", "application-**", "-n", "all", "-r", "--limit", str(REAL_EVENTS),
                                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            emit = self.photond.spawn("emit", stdin=file, stderr=subprocess.PIPE)
            digest = hashlib.sha256()
            for number, text in enumerate(follower.stdout, 1):
                digest.update(STORE_FIELDS.sub(b"}", text.rstrip(b"\n")) + b"\n")
                if number in self.kills:
                    self.photond.kill()
                    self.photond.start()
            _, said = emit.communicate(timeout=LIMIT_S)
            self.assertEqual(emit.returncode, 0, (self.kills, said))
            follower.wait(LIMIT_S)
            follower.stdout.close()
        self.assertEqual(digest.hexdigest(), hashlib.sha256(lines).hexdigest())
        streams = json.loads(self.muon("streams", "--json").stdout)["streams"]
        self.assertEqual((len(streams), sum(s["total-events"] for s in streams)), (of_streams, REAL_EVENTS))


class Help(unittest.TestCase):
    def muon(self, *arguments):
        return subprocess.run([MUON, *arguments], capture_output=True, timeout=LIMIT_S, env={"PATH": "/usr/bin:/bin"})

    def test_the_program_and_each_verb_have_help(self):
        text = self.muon("--help").stdout.decode()
        verbs = re.findall(r"^  (\w+) +.*$", text.split("Verbs")[1].split("Where")[0], re.M)
        self.assertIn("emit", verbs)
        for verb in verbs:
            shown = self.muon(verb, "--help")
            self.assertEqual(shown.returncode, 0)
            self.assertIn(f"muon {verb}".encode(), shown.stdout)
            self.assertEqual(shown.stdout, self.muon("help", verb).stdout)
            self.assertIn(b"Examples", shown.stdout)

    def test_no_words_at_all_are_a_wrong_command_line(self):
        self.assertEqual(self.muon().returncode, 2)

    def form(self, form):
        return self.muon("help", "--as", form).stdout

    def check(self, form, *command):
        """Does a program that knows the form take all of it without a remark?"""
        done = subprocess.run(command, input=self.form(form), capture_output=True, timeout=LIMIT_S)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))

    def test_the_manual_page_is_sound(self):
        self.check("man", "mandoc", "-T", "lint", "-W", "warning")
        page = subprocess.run(["mandoc", "-T", "ascii"], input=self.form("man"), capture_output=True).stdout.decode()
        page = re.sub(".\b", "", page)
        for words in ("muon tail STREAM", "--expect WHAT", "EXIT STATUS"):
            self.assertIn(words, page)

    def test_photonds_manual_page_is_sound_and_has_every_verb(self):
        page = (ROOT / "packaging/photond.1").read_text()
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "style"], input=page.encode(), capture_output=True)
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        said = subprocess.run([PHOTOND, "--help"], capture_output=True).stdout.decode()
        for verb in re.findall(r"^  ([a-z-]+)  +\w", said.split("Verbs")[1].split("  -c")[0], re.M):
            self.assertIn("\n.B " + verb.replace("-", "\\-"), page)

    def test_a_shell_that_there_is_none_of_is_refused(self):
        self.assertEqual(self.muon("help", "--as", "csh").returncode, 2)

    def complete(self, *words):
        script = self.form("bash").decode() + "COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _muon; echo ${COMPREPLY[*]}"
        return subprocess.run(["bash", "-c", script, "bash", "muon", *words], capture_output=True, timeout=LIMIT_S,
                              cwd=ROOT).stdout.decode().split()

    def test_bash_completes_verbs_options_and_files(self):
        self.assertEqual(self.complete("re"), ["replay", "read", "retention", "restore"])
        self.assertEqual(self.complete("emit", "--ex"), ["--expect"])
        self.assertEqual(self.complete("ping", "--ex"), [])
        self.assertEqual(self.complete("emit", "READ"), ["README.md"])

    def test_the_other_shells_understand_their_completions(self):
        self.check("zsh", "zsh", "-n", "/dev/stdin")
        self.check("fish", "fish", "-n", "/dev/stdin")

    def test_fish_completes_verbs_and_options(self):
        def complete(line):
            script = self.form("fish").decode() + f"\ncomplete -C '{line}'"
            done = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, timeout=LIMIT_S)
            return [line.split("\t")[0] for line in done.stdout.decode().splitlines()]
        self.assertIn("replay", complete("muon re"))
        self.assertEqual(complete("muon emit --exp"), ["--expect"])

    def test_the_reference_is_what_the_tables_say(self):
        document = (ROOT / "docs/cli.md").read_text()
        reference = document.split("<!-- made by `muon help --as markdown` -->\n")[1]
        self.assertEqual(reference, self.muon("help", "--as", "markdown").stdout.decode())


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))

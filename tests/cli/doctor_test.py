"""`muon doctor` against what can be wrong with a connection: each fault is made, and has to be named by the check that it belongs to."""
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from photond import LIMIT_S, MUON, PHOTOND, Photond  # noqa: E402

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
SETTINGS = b"\0\0\0\4\0\0\0\0\0"


class Listener:
    """Takes connections, and does with each what it was told; a certificate makes it speak TLS."""

    def __init__(self, behave, tls=None):
        self.behave, self.tls, self.open = behave, tls, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:  # closed
                return
            self.open.append(connection)
            try:
                self.behave(self.tls.wrap_socket(connection, server_side=True) if self.tls else connection)
            except OSError:  # whoever was there has gone
                pass

    def close(self):
        self.socket.close()
        for connection in self.open:
            connection.close()


def in_silence(connection):
    pass


def answers(*pieces):
    def behave(connection):
        for piece in pieces:
            connection.recv(1000)
            connection.sendall(piece)
        connection.recv(1)  # until the other side closes
    return behave


class Doctor(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="muon-test.")
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)

    def doctor(self, url, *arguments, **environment):
        """(exit code, {check: (verdict, message, advice)}) of what is not ok."""
        env = {"PATH": "/usr/bin:/bin", "HOME": str(self.dir), "LC_ALL": "C.UTF-8",
               **{name: os.environ[name] for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ}}
        done = subprocess.run([MUON, "doctor", "--json", "--server", url, *map(str, arguments)], capture_output=True,
                              timeout=LIMIT_S, env={**env, **environment})
        told = json.loads(done.stdout)
        self.assertEqual(done.returncode, told["exit"], done)
        self.assertEqual(sum(c["verdict"] == "fail" for c in told["checks"]), told["failures"])
        for check in told["checks"]:
            self.assertEqual(check["verdict"] != "ok", "advice" in check, check)
        self.checks = {c["check"]: c["message"] for c in told["checks"]}
        wrong = {c["check"]: (c["verdict"], c["message"], c["advice"]) for c in told["checks"] if c["verdict"] != "ok"}
        if "in memory only" in wrong.get("writable", ("", ""))[1]:  # where the tests' own folder is
            del wrong["writable"]
        return told["exit"], wrong

    def assert_fails(self, found, code, check, message, advice=""):
        self.assertEqual(found[0], code, found)
        self.assertEqual(list(found[1]), [check])
        verdict, said, todo = found[1][check]
        self.assertEqual(verdict, "fail")
        self.assertIn(message, said)
        self.assertIn(advice, todo)

    def photond(self, *flags, **options):
        photond = Photond(*flags, **options)
        self.addCleanup(photond.close)
        return photond

    def listener(self, behave, tls=None):
        listener = Listener(behave, tls)
        self.addCleanup(listener.close)
        return f"muon{'' if tls else '+insecure'}://localhost:{listener.port}"

    # ---- certificates of our own ----

    def openssl(self, *arguments, when=None):
        fake = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": when} if when else {}
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=self.dir,
                       env={"PATH": "/usr/bin:/bin", **fake})

    def init(self):
        """An authority, a server's certificate and a client's, as `photond init` makes them."""
        subprocess.run([PHOTOND, "init", self.dir / "init"], check=True, capture_output=True)
        return self.dir / "init/tls"

    def sign(self, name, alt="DNS:localhost", when=None):
        """A certificate and key of the authority in init, made at another time."""
        (self.dir / "names").write_text(f"subjectAltName={alt}\n")
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                     "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "init/tls/ca.crt", "-CAkey", "init/tls/ca.key", "-days", 365,
                     "-extfile", "names", "-out", f"{name}.crt", when=when)
        return self.dir / f"{name}.crt", self.dir / f"{name}.key"

    def tls(self, cert, key, alpn=("h2",)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        context.set_alpn_protocols(list(alpn))
        return context


class Network(Doctor):
    def test_all_is_well(self):
        photond = self.photond(True)
        code, wrong = self.doctor(photond.url, "--certs", photond.dir / "init")
        self.assertEqual((code, wrong), (0, {}))
        self.assertEqual(list(self.checks), ["settings", "ca", "cert", "key", "tcp", "tls", "server-cert", "accepted", "server",
                                             "clock", "writable"])

    def test_people_are_told_in_lines_and_quietly_only_what_is_wrong(self):
        photond = self.photond()
        well = photond.muon("doctor")
        self.assertTrue(well.stdout.startswith(b"ok    settings     muon+insecure://"), well)
        self.assertRegex(well.stdout, rb"(All is well|It works; see the warnings)\.\n$")
        self.assertNotIn(b"ok  ", photond.muon("doctor", "--quiet").stdout)
        ill = photond.muon("doctor", "--quiet", "--server", "muon+insecure://127.0.0.1:1")
        self.assertEqual(ill.returncode, 7)
        self.assertEqual(ill.stdout.decode().splitlines(), [
            "FAIL  tcp          cannot connect to 127.0.0.1, port 1: Connection refused",
            "                   Nobody listens there: is photond running, on this port?"])

    def test_what_is_no_url(self):
        for url in "nonsense", "muon://localhost", "muon://:1", "http://localhost:1", "muon://a:1,,b:2", "muon://a:1/x":
            self.assert_fails(self.doctor(url), 2, "settings", "is no server's URL", "muon://host:port")

    def test_nobody_listens(self):
        self.assert_fails(self.doctor("muon+insecure://127.0.0.1:1"), 7, "tcp", "Connection refused", "is photond running")

    def test_a_name_that_there_is_not(self):
        found = self.doctor("muon+insecure://nowhere.invalid:10566")
        self.assert_fails(found, 7, "name", '"nowhere.invalid"')

    def test_a_listener_that_never_answers(self):
        self.assert_fails(self.doctor(self.listener(in_silence), "--timeout", "2s"), 7, "http2", "no answer within 2000 ms")

    def test_a_listener_that_never_answers_to_tls(self):
        tls = self.init()
        url = self.listener(in_silence).replace("+insecure", "")
        found = self.doctor(url, "--certs", tls, "--timeout", "2s")
        self.assert_fails(found, 7, "tls", "no answer to the beginning of TLS within 2000 ms")

    def test_a_server_of_something_else(self):
        url = self.listener(answers(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        self.assert_fails(self.doctor(url), 7, "http2", "does not speak HTTP/2", "no photond")

    def test_http2_without_a_photond(self):
        found = self.doctor(self.listener(answers(SETTINGS)), "--timeout", "2s")
        self.assert_fails(found, 7, "server", "", "is it a photond")

    def test_plain_text_to_a_tls_port(self):
        photond = self.photond(True)
        self.assert_fails(self.doctor(photond.url.replace("muon:", "muon+insecure:")), 6, "http2", "the server speaks TLS",
                          "muon://")

    def test_tls_to_a_plain_port(self):
        photond, tls = self.photond(), self.init()
        self.assert_fails(self.doctor(photond.url.replace("+insecure", ""), "--certs", tls), 6, "tls", "does not speak TLS",
                          "muon+insecure://")

    @unittest.skipUnless(FAKETIME, "libfaketime is not installed")
    @unittest.skipIf("ASAN_OPTIONS" in os.environ or "build/asan" in str(MUON), "a preload and AddressSanitizer do not go together")
    def test_a_clock_that_is_off_is_a_warning(self):
        photond = self.photond()
        code, wrong = self.doctor(photond.url, LD_PRELOAD=str(FAKETIME), FAKETIME="-1h")
        self.assertEqual((code, list(wrong)), (0, ["clock"]))
        self.assertRegex(wrong["clock"][1], r"this machine's clock is 3[56]\d\d\.\d\d\d s behind the server's")

    def test_of_several_addresses_each_is_looked_at(self):
        photond = self.photond()
        code, wrong = self.doctor(f"{photond.url},127.0.0.1:1")
        self.assertEqual((code, list(wrong)), (7, ["tcp"]))
        self.assertIn("server", self.checks)


class Certificates(Doctor):
    def test_another_authority(self):
        photond, other = self.photond(True), self.init()
        found = self.doctor(photond.url, "--certs", photond.dir / "init", "--ca", other / "ca.crt")
        self.assert_fails(found, 6, "server-cert", "is not signed by", "--ca")

    def test_no_certificate_of_ours(self):
        photond = self.photond(True)
        found = self.doctor(photond.url, "--ca", photond.dir / "init/tls/ca.crt")
        self.assert_fails(found, 6, "cert", "the server wants a certificate of you", "photond cert DIR client NAME")

    def test_a_certificate_of_ours_that_the_server_does_not_accept(self):
        photond, other = self.photond(True), self.init()
        found = self.doctor(photond.url, "--ca", photond.dir / "init/tls/ca.crt", "--certs", other)
        self.assertEqual(found[0], 6)
        self.assertEqual(found[1]["cert"][:2], ("fail", found[1]["cert"][1]))
        self.assertIn("the server does not accept your certificate", found[1]["cert"][1])

    def test_a_server_of_another_name(self):
        tls = self.init()
        cert, key = self.sign("other", alt="DNS:db.example,IP:10.1.2.3")
        url = self.listener(answers(SETTINGS), self.tls(cert, key))
        self.assert_fails(self.doctor(url, "--certs", tls), 6, "server-cert", 'is for db.example, 10.1.2.3, and not for "localhost"',
                          "--name HOST")

    def test_tls_without_http2(self):
        tls = self.init()
        url = self.listener(answers(b"hello"), self.tls(tls / "server.crt", tls / "server.key", alpn=("http/1.1",)))
        self.assert_fails(self.doctor(url, "--certs", tls), 7, "tls", "no HTTP/2", "no photond")

    @unittest.skipUnless(FAKETIME, "libfaketime is not installed")
    def test_dates(self):
        tls = self.init()
        for when, verdict, message in (("-400d", "fail", "has expired on"), ("-340d", "warn", "expires in 2"),
                                       ("+10d", "fail", "is good from")):
            with self.subTest(when):
                cert, key = self.sign("dated", when=when)
                url = self.listener(answers(SETTINGS), self.tls(cert, key))
                server = self.doctor(url, "--certs", tls, "--timeout", "2s")[1]["server-cert"]
                self.assertEqual((server[0], message in server[1]), (verdict, True), server)
                code, wrong = self.doctor("muon://127.0.0.1:1", "--certs", tls, "--cert", cert, "--key", key)
                self.assertEqual((wrong["cert"][0], message in wrong["cert"][1]), (verdict, True), wrong)
                self.assertEqual(code, 6 if verdict == "fail" else 7)

    def test_files_that_are_not_there_not_ours_or_no_certificates(self):
        tls = self.init()
        other = self.sign("other")
        (self.dir / "text").write_text("no certificate")
        for check, arguments, message in (("ca", ["--ca", "nowhere.crt"], "cannot read nowhere.crt (--ca): No such file"),
                                          ("ca", ["--ca", self.dir / "text"], "holds no certificate"),
                                          ("cert", ["--cert", self.dir / "text"], "holds no certificate"),
                                          ("key", ["--key", self.dir / "text"], "holds no key"),
                                          ("key", ["--key", other[1]], "is not the key of")):
            with self.subTest(message):
                code, wrong = self.doctor("muon://127.0.0.1:1", "--certs", tls, *arguments)
                self.assertEqual((code, wrong[check][0]), (2, "fail"))
                self.assertIn(message, wrong[check][1])
                self.assertIn("tcp", wrong)  # the network is looked at all the same

    def test_a_certificate_without_its_key(self):
        tls = self.init()
        code, wrong = self.doctor("muon://127.0.0.1:1", "--ca", tls / "ca.crt", "--cert", tls / "client.crt")
        self.assertEqual((code, wrong["key"][1]), (2, "there is a certificate, and no key"))

    def test_a_key_that_others_can_read_is_a_warning(self):
        photond = self.photond(True)
        (photond.dir / "init/tls/client.key").chmod(0o644)
        code, wrong = self.doctor(photond.url, "--certs", photond.dir / "init")
        self.assertEqual((code, list(wrong)), (0, ["key"]))
        self.assertIn("can be read by others (mode 644)", wrong["key"][1])


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))

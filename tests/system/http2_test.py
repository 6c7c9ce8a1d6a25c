"""HTTP/2 that no client of ours would send, to a photond in plain text: recipes against gRPC core (SECURITY.md tells which), which must
leave photond at work. What they do to the connection that they come over is gRPC's matter."""
import socket
import struct
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from photond import LIMIT_S, Photond  # noqa: E402

DATA, HEADERS, SETTINGS, CONTINUATION, RESET = 0, 1, 4, 9, 3
END_HEADERS, FRAME_BYTES = 4, 16384
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def integer(value, bits, first=0):
    """HPACK's, which has a prefix of so many bits."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = bytes([first | most]), value - most
    while value >= 128:
        out, value = out + bytes([value % 128 + 128]), value // 128
    return out + bytes([value])


def header(name, value, kept=False):
    return integer(0, 6 if kept else 4, 0x40 if kept else 0) + integer(len(name), 7) + name + integer(len(value), 7) + value


def request(*more, scheme=b"http", te=b"trailers"):
    return b"".join([header(b":method", b"POST"), header(b":path", b"/muon.v1.PhotonService/Info"), header(b":scheme", scheme),
                     header(b":authority", b"x"), header(b"content-type", b"application/grpc"), header(b"te", te), *more])


def frames_of(block, stream=1):
    parts = [block[at:at + FRAME_BYTES] for at in range(0, len(block), FRAME_BYTES)]
    return b"".join(frame(CONTINUATION if index else HEADERS, END_HEADERS if index + 1 == len(parts) else 0, stream, part)
                    for index, part in enumerate(parts))


MUCH = [header(b"x-%d" % number, b"y" * 1000) for number in range(100)]
RECIPES = {
    "CVE-2023-1428, te": frames_of(request(*MUCH, te=b"x")),
    "CVE-2023-1428, te in the table": frames_of(header(b"te", b"x", kept=True) + request(*MUCH)),
    "CVE-2023-1428, scheme": frames_of(request(*MUCH, scheme=b"x")),
    "CVE-2023-1428, grpclb_client_stats": frames_of(request(header(b"grpclb_client_stats", b"x"), *MUCH)),
    "more headers than are taken": frames_of(request(*MUCH)),
    "one header larger than are taken": frames_of(request(header(b"x", b"y" * 200000))),
    "bad base64": frames_of(request(header(b"x-bin", b"!!!!"))),
    "an integer without end": frames_of(request(b"\x00\x7f" + b"\x80" * 100000)),
    "a table index that is not there": frames_of(b"\xff\xff\xff\xff\x0f"),
    "data for no stream": frame(DATA, 0, 7, b"x" * 100),
    "a continuation of nothing": frame(CONTINUATION, 0, 1, b""),
    "settings of a wrong length": frame(SETTINGS, 0, 0, b"x"),
    "streams that are reset at once": b"".join(frames_of(request(), stream) + frame(RESET, 0, stream, struct.pack(">I", 8))
                                               for stream in range(1, 401, 2)),
    "no HTTP/2": b"GET / HTTP/1.1\r\n\r\n" * 100,
}


class Http2(unittest.TestCase):
    def setUp(self):
        self.photond = Photond()
        self.addCleanup(self.photond.close)

    def say(self, text):
        """Until all is said and photond has closed the connection, or we do."""
        with socket.create_connection(("127.0.0.1", self.photond.port), LIMIT_S) as line:
            try:
                line.sendall(PREFACE + frame(SETTINGS, 0, 0, b"") + text)
                line.shutdown(socket.SHUT_WR)
                while line.recv(65536):
                    pass
            except OSError:  # it was closed while we were still talking
                pass

    def test_photond_stays_at_work_whatever_http2_it_gets(self):
        for name, text in RECIPES.items():
            with self.subTest(recipe=name):
                self.say(text)
                self.assertEqual(self.photond.muon("ping").returncode, 0)
                self.assertIsNone(self.photond.process.poll())


if __name__ == "__main__":
    unittest.main()

"""Other people's stores, attacked as ours is: nats-server and redis-server, as Debian 12 has them. A peer is a way to start the program
on a directory and a client of its protocol, which is all that the attack needs: write, hear that it is acknowledged, read what is there.

A written item is a text, "writer.number.filling". Each writer has a connection of its own, and so many items under way."""
import contextlib
import json
import random
import re
import shutil
import socket
import subprocess
import threading

from promise import Skipped

LIMIT_S = 120


class Link:
    """A connection of text lines and counted bytes."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)

    def line(self):
        line = self.file.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("the other side has gone")
        return line.rstrip(b"\r\n")

    def bytes(self, length):
        data = self.file.read(length + 2)
        if len(data) < length + 2:
            raise ConnectionError("the other side has gone")
        return data[:-2]

    def close(self):
        self.file.close()
        self.socket.close()


class Peer:
    """PROGRAM, VERSION, and READY, what its log says when it is; link(): a client."""

    def need(self):
        path = shutil.which(self.PROGRAM, path="/usr/sbin:/usr/bin")
        said = subprocess.run([path, "--version"], capture_output=True, text=True).stdout if path else ""
        if self.VERSION not in said:
            raise Skipped(f"{self.PROGRAM} is not here, or not version {self.VERSION}")

    def start(self, root):
        """Ready on a port of its own; returns what it said if it does not start."""
        said, self.reader = "", None
        for port in random.SystemRandom().sample(range(20000, 30000), 5):
            self.process = subprocess.Popen(self.words(root, port), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=root,
                                            text=True)
            for line in self.process.stdout:
                said += line
                if self.READY in line:
                    self.port = port
                    self.reader = threading.Thread(target=self.process.stdout.read, daemon=True)
                    self.reader.start()  # so that it never waits for us
                    return None
            self.kill()
            if not re.search("in use", said):
                break
        return said

    @contextlib.contextmanager
    def running(self, root):
        """With what it said if it did not start, else None; killed at the end."""
        try:
            yield self.start(root)
        finally:
            self.kill()

    def kill(self):
        """SIGKILL; does nothing to one that is dead."""
        self.process.kill()
        self.process.wait()
        if self.reader:
            self.reader.join()
        self.process.stdout.close()


class Redis(Peer):
    """An append to the stream "w", a Redis stream, for each item."""
    PROGRAM, VERSION, READY = "redis-server", "v=7.0.15", "Ready to accept connections"

    def __init__(self, *settings):
        self.settings = settings

    def words(self, root, port):
        return [self.PROGRAM, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(root), *self.settings]

    def link(self):
        return RedisLink(self.port)

    def prepare(self):
        """It needs nothing before items are written."""


class RedisLink(Link):
    def command(self, *words):
        words = [word.encode() for word in words]
        self.send(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))

    def reply(self):
        line = self.line()
        if line[:1] == b"-":
            raise RuntimeError(line.decode())
        if line[:1] == b"$":
            return None if line == b"$-1" else self.bytes(int(line[1:]))
        if line[:1] == b"*":
            return [self.reply() for _ in range(int(line[1:]))]
        return line[1:]

    def write(self, item):
        self.command("XADD", "w", "*", "item", item)

    def acknowledged(self):
        """How many more are: they are answered in order."""
        self.reply()
        return 1

    def read_all(self):
        self.command("XRANGE", "w", "-", "+")
        return [fields[1].decode() for _, fields in self.reply()]


class Nats(Peer):
    """A JetStream stream "S", in files, with one message for each item."""
    PROGRAM, VERSION, READY = "nats-server", "v2.9.10", "Server is ready"

    def words(self, root, port):
        return [self.PROGRAM, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(root)]

    def link(self):
        return NatsLink(self.port)

    def prepare(self):
        """Does nothing if the stream is there."""
        link = self.link()
        answer = link.ask("STREAM.CREATE.S", {"name": "S", "subjects": ["w"], "storage": "file", "num_replicas": 1})
        if "error" in answer:
            raise RuntimeError(f"no stream: {answer}")
        link.close()


class NatsLink(Link):
    def __init__(self, port):
        super().__init__(port)
        self.line()  # INFO
        self.inbox = f"inbox.{random.SystemRandom().getrandbits(64):x}"
        self.send(b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB %s.answers 1\r\n' % self.inbox.encode())

    def publish(self, subject, data):
        self.send(f"PUB {subject} {self.inbox}.answers {len(data)}\r\n".encode() + data + b"\r\n")

    def message(self):
        """The next one's subject of reply, and data."""
        while True:
            words = self.line().split()
            if words[0] == b"MSG":
                return (words[3].decode() if len(words) == 5 else ""), self.bytes(int(words[-1]))
            if words[0] == b"PING":
                self.send(b"PONG\r\n")
            elif words[0] == b"-ERR":
                raise RuntimeError(b" ".join(words).decode())

    def ask(self, what, document):
        self.publish(f"$JS.API.{what}", json.dumps(document).encode())
        return json.loads(self.message()[1])

    def write(self, item):
        self.publish("w", item.encode())

    def acknowledged(self):
        """How many more are: a stream's acknowledgements come in order."""
        answer = json.loads(self.message()[1])
        if "error" in answer:
            raise RuntimeError(f"refused: {answer}")
        return 1

    def read_all(self):
        state = self.ask("STREAM.INFO.S", {})
        if "error" in state or not state["state"]["messages"]:
            return []
        self.send(f"SUB {self.inbox}.items 2\r\n".encode())
        config = {"deliver_subject": f"{self.inbox}.items", "ack_policy": "none", "deliver_policy": "all", "replay_policy": "instant"}
        self.publish("$JS.API.CONSUMER.CREATE.S", json.dumps({"stream_name": "S", "config": config}).encode())
        items, pending = [], 1
        while pending:
            reply, data = self.message()
            if reply.startswith("$JS.ACK."):
                items.append(data.decode())
                pending = int(reply.split(".")[-1])
            elif "error" in json.loads(data):
                raise RuntimeError(f"it cannot be read: {data}")
        return items


def item_of(seed, writer, number):
    chance = random.Random(f"{seed} {writer} {number}")
    length = chance.randrange(8000) if number % 16 == 1 else chance.randrange(300)
    return f"{writer}.{number}.{chance.randbytes(length // 2).hex()}"

"""Who may call what: every call of every service of the contract, from every kind of caller, at every kind of listener.

The calls come from the descriptor set, so that one without a rule in CALLS fails, and so does a rule without a call. Who gets in
is a matter of the listener (ADMITTED); what a call then ends with, of its rule. Ends with unittest's summary."""
import itertools
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from photond import BUILD, LIMIT_S, PHOTOND, Photond  # noqa: E402

STREAM, OWNED = "authorized", "owned"
SOCKET = "(the admin socket's)"  # whoever comes by it
EVENT = dict(stream_name=STREAM, event_type="Noted", payload=b"{}")
COLD = 3
OK, DENIED, NO_ENTRY = "OK", "PERMISSION_DENIED", "UNAVAILABLE"


def anybody(**request):
    """Whoever is let in may call it; this request succeeds."""
    return request, lambda identity: OK


def owner(**request):
    """It claims a service's name that --name-owners gives to "client"."""
    return request, lambda identity: OK if identity == "client" else DENIED


def admin(**request):
    """--admin-names lists "client", and whoever comes by the admin socket needs no name."""
    return request, lambda identity: OK if identity in ("client", SOCKET) else DENIED


def import_admin(**request):
    """For the same; but these stores hold events of their own."""
    return request, lambda identity: "FAILED_PRECONDITION" if identity in ("client", SOCKET) else DENIED


CALLS = {
    "muon.v1.PhotonService/Info": [anybody()],
    "muon.v1.PhotonService/Emit": [anybody(event=[EVENT])],
    "muon.v1.PhotonService/EmitStream": [anybody(emit=[dict(number=1, request=dict(event=[EVENT]))])],
    "muon.v1.PhotonService/Subscribe": [anybody(stream_name=STREAM, stream_type=COLD)],
    "muon.v1.PhotonService/Read": [anybody(stream_name=STREAM, max=1)],
    "muon.v1.PhotonService/GetEvent": [anybody(stream_version=dict(stream_name=STREAM, version=1))],
    "muon.v1.PhotonService/ListStreams": [anybody()],
    "muon.v1.PhotonService/DeleteStream": [anybody(stream_name="nothing")],
    "muon.v1.PhotonService/SetRetention": [anybody(clear="nothing")],
    "muon.v1.PhotonService/ListRetention": [anybody()],
    "muon.v1.BusService/Request": [anybody(url="rpc://photon/stats")],
    "muon.v1.BusService/Stream": [anybody(url=f"stream://photon/stream?stream-name={STREAM}&stream-type=cold")],
    "muon.v1.BusService/Connect": [
        anybody(frame=[dict(hello=dict(service="free", instance_id="1", epoch=1))]),
        owner(frame=[dict(hello=dict(service=OWNED, instance_id="1", epoch=1))])],
    "muon.v1.BusService/Discover": [anybody()],
    "muon.v1.BusService/Introspect": [anybody(service="photon")],
    "muon.v1.AdminService/SetLogLevel": [admin()],
    "muon.v1.AdminService/Compact": [admin()],
    "muon.v1.AdminService/Snapshot": [admin(digest_only=True)],
    "muon.v1.AdminService/Import": [import_admin()],
    "muon.v1.AdminService/Stats": [admin(), admin(interval_ms=1000)],
    "muon.v1.AdminService/ListSubscriptions": [admin()],
    "muon.v1.AdminService/ListSessions": [admin()],
    "grpc.health.v1.Health/Check": [anybody()],
    "grpc.health.v1.Health/Watch": [anybody()],
    "grpc.reflection.v1.ServerReflection/ServerReflectionInfo": [anybody(list_services="*")],
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": [anybody(list_services="*")],
}

# Who is let in, and as whom photond then knows it. Nobody else is.
CALLERS = ["plain text", "no certificate", "certificate", "foreign certificate", "expired certificate"]
ADMITTED = {
    "loopback, plain text": {"plain text": ""},
    "unix socket": {"plain text": ""},
    "admin socket": {"plain text": SOCKET},
    "TLS": {"certificate": "client"},
    "TLS, --insecure-anonymous-clients": {"no certificate": "", "certificate": "client"},
}

pool = descriptor_pool.DescriptorPool()
contract = descriptor_pb2.FileDescriptorSet.FromString((BUILD / "protos/gen/muon.pb").read_bytes())
for file in contract.file:
    pool.Add(file)
METHODS = {f"{file.package}.{service.name}/{method.name}": method
           for file in contract.file for service in file.service for method in service.method}


def message(name):
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName(name.lstrip(".")))


def openssl(folder, *words, stdin=b""):
    subprocess.run(["openssl", *words], cwd=folder, input=stdin, check=True, capture_output=True)


class Identities:
    """What callers show: made by `photond init`, by another authority, and by ours but for a time that is over."""

    def __init__(self, tls, other):
        subprocess.run([PHOTOND, "init", other], check=True, capture_output=True)
        openssl(tls, "req", "-new", "-key", "client.key", "-subj", "/CN=client", "-out", "old.csr")
        (tls / "index.txt").write_text("")
        (tls / "ca.cnf").write_text("[ca]\ndefault_ca = c\n[c]\ndatabase = index.txt\nnew_certs_dir = .\ndefault_md = sha256\n"
                                    "rand_serial = yes\npolicy = p\n[p]\ncommonName = supplied\n")
        openssl(tls, "ca", "-batch", "-config", "ca.cnf", "-cert", "ca.crt", "-keyfile", "ca.key", "-in", "old.csr", "-out", "old.crt",
                "-notext", "-startdate", "20200101000000Z", "-enddate", "20200102000000Z")
        ours = (tls / "ca.crt").read_bytes()
        self.credentials = {
            "no certificate": grpc.ssl_channel_credentials(ours),
            "certificate": self.pair(ours, tls / "client.key", tls / "client.crt"),
            "foreign certificate": self.pair(ours, other / "tls/client.key", other / "tls/client.crt"),
            "expired certificate": self.pair(ours, tls / "client.key", tls / "old.crt"),
        }

    @staticmethod
    def pair(authority, key, certificate):
        return grpc.ssl_channel_credentials(authority, key.read_bytes(), certificate.read_bytes())

    def channel(self, caller, address):
        """Never one that another caller, or a refused attempt of this one, has left."""
        options = [("grpc.use_local_subchannel_pool", 1)]
        if caller == "plain text":
            return grpc.insecure_channel(address, options)
        return grpc.secure_channel(address, self.credentials[caller], [*options, ("grpc.ssl_target_name_override", "localhost")])


def outcome(channel, name, fields):
    """What the call ends with, or OK as soon as it answers; a session's refusal is a frame, and then its end."""
    method = METHODS[name]
    kind = f"{'stream' if method.client_streaming else 'unary'}_{'stream' if method.server_streaming else 'unary'}"
    made = getattr(channel, kind)(f"/{name}", lambda sent: sent.SerializeToString(), message(method.output_type).FromString)
    request = message(method.input_type)(**fields)
    sent = itertools.chain([request]) if method.client_streaming else request
    try:
        if not method.server_streaming:
            made(sent, timeout=LIMIT_S)
            return OK
        call = made(sent, timeout=LIMIT_S)
        for answer in call:
            if not any(frame.WhichOneof("body") == "error" for frame in getattr(answer, "frame", [])):
                call.cancel()
                break
        return OK
    except grpc.RpcError as error:
        return error.code().name


class Authorization(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="muon-test.")
        socket = f"unix:{cls.folder.name}/socket"
        owners, admins = f"--name-owners={OWNED}=client", "--admin-names=client"
        cls.plain = Photond(False, owners, "--listen", socket)
        cls.mutual = Photond(True, owners, admins)
        cls.open = Photond(True, owners, admins, "--insecure-anonymous-clients")
        cls.photonds = [cls.plain, cls.mutual, cls.open]
        cls.addresses = dict(zip(ADMITTED, [f"127.0.0.1:{cls.plain.port}", socket, f"unix:{cls.plain.data}/admin.sock",
                                            f"127.0.0.1:{cls.mutual.port}", f"127.0.0.1:{cls.open.port}"]))
        other = Path(cls.folder.name)
        cls.identities = {where: Identities(photond.dir / "init/tls", other / str(photond.port)) if photond.tls else None
                          for where, photond in zip(ADMITTED, [cls.plain, cls.plain, cls.plain, cls.mutual, cls.open])}
        for where in ("loopback, plain text", "unix socket", "admin socket"):
            cls.identities[where] = cls.identities["TLS"]

    @classmethod
    def tearDownClass(cls):
        for photond in cls.photonds:
            photond.close()
        cls.folder.cleanup()

    def call_all(self, where, caller):
        """Every call, each over a channel of its own if it cannot but be refused."""
        admitted = caller in ADMITTED[where]
        channel = self.identities[where].channel(caller, self.addresses[where])
        for name, rules in CALLS.items():
            for fields, expected in rules:
                if not admitted:
                    channel.close()
                    channel = self.identities[where].channel(caller, self.addresses[where])
                wanted = expected(ADMITTED[where][caller]) if admitted else NO_ENTRY
                with self.subTest(listener=where, caller=caller, call=name):
                    self.assertEqual(outcome(channel, name, fields), wanted)
        channel.close()

    def call_all_from(self, admitted):
        """From all callers that are let in, or from all that are not; returns how often the former have emitted in all."""
        callers = [(where, caller) for where in ADMITTED for caller in CALLERS if (caller in ADMITTED[where]) == admitted]
        for where, caller in callers:
            self.call_all(where, caller)
        return len(callers) * sum(name.endswith(("/Emit", "/EmitStream")) for name in CALLS)

    def events(self):
        return sum(len(photond.events(STREAM)) for photond in self.photonds)

    def test_every_call_of_the_contract_has_a_rule_and_every_rule_a_call(self):
        self.assertEqual(sorted(CALLS), sorted(METHODS))

    def test_whoever_is_not_let_in_can_call_nothing(self):
        before = self.events()
        self.call_all_from(admitted=False)
        self.assertEqual(self.events(), before)

    def test_whoever_is_let_in_can_call_what_its_identity_may(self):
        before = self.events()
        emitted = self.call_all_from(admitted=True)
        self.assertEqual(self.events(), before + emitted)


if __name__ == "__main__":
    os.environ["GRPC_VERBOSITY"] = "NONE"
    unittest.main()

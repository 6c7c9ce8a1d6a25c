"""A stock gRPC client of one photond, made from the descriptors: it retries nothing, so it sees each answer as it is."""
import functools
import time

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "muon.v1.PhotonService"
CALL_S = 60
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 1),
             ("grpc.initial_reconnect_backoff_ms", 50), ("grpc.min_reconnect_backoff_ms", 3000),
             ("grpc.max_reconnect_backoff_ms", 200)]


class Refused(Exception):
    """What photond, or the way to it, said: a reason's short name ("STORE_FULL"; "" when photond gave none), and the rest."""

    def __init__(self, code, error, seconds):
        self.code, self.reason, self.seconds = code, error.reason_name, seconds
        self.retryable, self.maybe_applied, self.message = error.retryable, error.maybe_applied, error.message
        super().__init__(f"{code} {self.reason} after {seconds:.1f} s: {self.message}")


@functools.cache
def contract(build):
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString((build / "protos/gen/muon.pb").read_bytes()).file:
        pool.Add(file)
    return pool, message_factory.MessageFactory(pool)


class Stock:
    def __init__(self, build, port):
        self.pool, self.factory = contract(build)
        self.reasons = self.pool.FindEnumTypeByName("muon.v1.Reason").values_by_number
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", UNLIMITED)

    def close(self):
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def make(self, name, **fields):
        return self.factory.GetPrototype(self.pool.FindMessageTypeByName(name))(**fields)

    def refused(self, failure, begun):
        error = self.make("muon.v1.Error", message=failure.details() or "")
        for key, value in failure.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                status = self.make("google.rpc.Status")
                status.ParseFromString(value)
                error.ParseFromString(status.details[0].value)
        name = self.reasons[error.reason].name.removeprefix("REASON_").replace("UNSPECIFIED", "")
        told = type("Told", (), {"reason_name": name, "retryable": error.retryable,
                                 "maybe_applied": error.maybe_applied, "message": error.message})
        return Refused(failure.code().name, told, time.monotonic() - begun)

    def call(self, method, request, many=False, got=None, limit=CALL_S):
        """The answer; of many, a list of them, in `got` also what came before a failure."""
        described = self.pool.FindServiceByName(SERVICE).FindMethodByName(method)
        answer = self.factory.GetPrototype(described.output_type)
        make = self.channel.unary_stream if many else self.channel.unary_unary
        made = make(f"/{SERVICE}/{method}", type(request).SerializeToString, answer.FromString)
        begun, got = time.monotonic(), [] if got is None else got
        try:
            if not many:
                return made(request, timeout=limit)
            for one in made(request, timeout=limit):
                got.append(one)
            return got
        except grpc.RpcError as failure:
            raise self.refused(failure, begun) from None

    def event(self, stream, event_id, payload):
        return self.make("muon.v1.Event", stream_name=stream, event_type="Noted", event_id=event_id, payload=payload)

    def emit(self, events, limit=CALL_S):
        return self.call("Emit", self.make("muon.v1.EmitRequest", event=events), limit=limit)

    def delete(self, stream):
        return self.call("DeleteStream", self.make("muon.v1.DeleteStreamRequest", stream_name=stream))

    def read(self, stream, limit=CALL_S, **asked):
        """The events, and the Refused that ended them or None."""
        got, refused = [], None
        try:
            self.call("Read", self.make("muon.v1.ReadRequest", stream_name=stream, **asked), True, got, limit)
        except Refused as why:
            refused = why
        return [event for answer in got for event in answer.event], refused

    def get(self, **by):
        return self.call("GetEvent", self.make("muon.v1.GetEventRequest", **by)).event

"""test.py ADDRESS TLS_FOLDER DESCRIPTOR_SET: what Debian's stock Python gRPC can do with photond, over mutual TLS, with
nothing but the descriptor set (no generated code). Ends with "N passed, N failed"."""
import json
import queue
import subprocess
import sys
import threading
import traceback
from pathlib import Path

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

CALL_S = 30
LARGE, LARGE_EVENTS = b"x" * 200 * 1024, 100

address, tls, descriptors = sys.argv[1:4]
pool = descriptor_pool.DescriptorPool()
for file in descriptor_pb2.FileDescriptorSet.FromString(Path(descriptors).read_bytes()).file:
    pool.Add(file)


def message(name):
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName(name))


def read(name):
    return Path(tls, name).read_bytes()


channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(
    read("ca.crt"), read("client.key"), read("client.crt")))


def call(method, request, service="muon.v1.PhotonService", make="unary_unary"):
    """Any call of any service, by its descriptor."""
    described = pool.FindServiceByName(service).FindMethodByName(method)
    answer = message(described.output_type.full_name)
    made = getattr(channel, make)(f"/{service}/{method}", lambda sent: sent.SerializeToString(), answer.FromString)
    return made(request, timeout=CALL_S)


def event(stream, payload=b"{}"):
    return message("muon.v1.Event")(stream_name=stream, event_type="Noted", payload=payload)


def emit(*events, **expect):
    return call("Emit", message("muon.v1.EmitRequest")(event=events, **expect))


def subscribe(stream, stream_type):
    request = message("muon.v1.SubscribeRequest")(stream_name=stream, stream_type=stream_type)
    return call("Subscribe", request, make="unary_stream")


def lists_services_by_reflection():
    for version in ("v1", "v1alpha"):
        request = message(f"grpc.reflection.{version}.ServerReflectionRequest")(list_services="*")
        answers = call("ServerReflectionInfo", iter([request]), f"grpc.reflection.{version}.ServerReflection",
                       "stream_stream")
        names = [service.name for service in next(answers).list_services_response.service]
        assert {"muon.v1.PhotonService", "muon.v1.BusService"} <= set(names), names


def checks_health():
    for service in ("", "muon.v1.PhotonService", "muon.v1.BusService", "muon.v1.AdminService"):
        answer = call("Check", message("grpc.health.v1.HealthCheckRequest")(service=service), "grpc.health.v1.Health")
        assert answer.status == 1, (service, answer)


def emits_and_replays():
    stored = emit(event("python/one", b"1"), event("python/one", b"2")).stored
    assert [place.version for place in stored] == [1, 2], stored
    got = [one.payload for answer in subscribe("python/one", 3) for one in answer.event]
    assert got == [b"1", b"2"], got


def emits_through_a_stream():
    batches = [message("muon.v1.EmitRequest")(event=[event("python/stream")]) for _ in range(20)]
    numbered = [message("muon.v1.NumberedEmit")(number=i + 1, request=batch) for i, batch in enumerate(batches)]
    sent = iter([message("muon.v1.EmitStreamRequest")(emit=[one]) for one in numbered])
    answers = call("EmitStream", sent, make="stream_stream")
    results = [result for answer in answers for result in answer.result]
    assert [result.number for result in results] == list(range(1, 21)), results
    assert results[-1].response.stored[0].version == 20, results[-1]


def follows_live():
    stream = subscribe("python/live", 2)
    assert next(stream).WhichOneof("marker") == "caught_up"
    emit(event("python/live", b"now"))
    assert next(stream).event[0].payload == b"now"
    stream.cancel()


def reads_the_details_of_an_error():
    try:
        emit(event("python/one"), event("a/**"))
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
        trailers = dict(error.trailing_metadata())
        status = message("google.rpc.Status").FromString(trailers["grpc-status-details-bin"])
        detail = message("muon.v1.Error").FromString(status.details[0].value)
        assert (detail.reason, detail.event_index, detail.field) == (1, 1, "stream-name"), detail
        return
    raise AssertionError("a pattern was taken for a name")


# semantics 15
def a_stalled_subscription_does_not_stall_the_other_calls_of_its_connection():
    for _ in range(LARGE_EVENTS):
        emit(event("python/large", LARGE))
    stalled = subscribe("python/large", 3)
    first = next(stalled)
    for _ in range(200):
        emit(event("python/busy"))
    assert sum(len(answer.event) for answer in subscribe("python/busy", 3)) == 200
    rest = sum(len(answer.event) for answer in stalled)
    assert len(first.event) + rest == LARGE_EVENTS, rest


def bus(method, name, make="unary_unary", **fields):
    return call(method, message(f"muon.v1.{name}")(**fields), "muon.v1.BusService", make)


class Session:
    """A raw session that serves one path and answers with what it was asked, in capitals; but "never" it does not."""

    def __init__(self, service, path):
        self.frames, self.frame = queue.Queue(), message("muon.v1.Frame")
        self.say(hello=dict(service=service, instance_id="python", epoch=1, tag=["stock"]))
        self.say(endpoint=dict(path=path, doc="in capitals"))
        self.heard = call("Connect", self.sent(), "muon.v1.BusService", "stream_stream")
        self.callers, self.ready, self.cancelled = [], threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        assert self.ready.wait(CALL_S)

    def say(self, **fields):
        self.frames.put(self.frame(**fields))

    def sent(self):
        while (frame := self.frames.get()) is not None:
            yield message("muon.v1.ConnectRequest")(frame=[frame])

    def serve(self):
        for frame in (frame for heard in self.heard for frame in heard.frame):
            kind = frame.WhichOneof("body")
            if kind == "endpoint_done":
                self.ready.set()
            elif kind == "beat":
                self.say(beat={})
            elif kind == "cancel":
                self.cancelled.set()
            elif kind == "call" and frame.call.body != b"never":
                self.callers.append(frame.call.caller)
                self.say(exchange=frame.exchange, answer=dict(status=200, body=frame.call.body.upper()))

    def close(self):
        self.frames.put(None)
        self.thread.join()


def asks_a_service_that_a_session_serves():
    session = Session("shouting", "/aloud")
    try:
        answer = bus("Request", "RequestRequest", url="rpc://shouting/aloud", body=b"hello")
        assert (answer.status, answer.body, answer.instance_id) == (200, b"HELLO", "python"), answer
        assert session.callers == ["client"], session.callers
        found = next(bus("Discover", "DiscoverRequest", "unary_stream", filter="tag:stock")).service
        assert [(one.name, one.instance[0].endpoint[0].path) for one in found] == [("shouting", "/aloud")], found
        offered = bus("Introspect", "IntrospectRequest", service="shouting").endpoint
        assert [one.doc for one in offered] == ["in capitals"], offered
    finally:
        session.close()
    try:
        bus("Request", "RequestRequest", url="rpc://shouting/aloud")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.NOT_FOUND, error
        return
    raise AssertionError("a service that has gone was asked")


class Watch:
    """What Discover tells, as it changes."""

    def __init__(self, name):
        self.told = bus("Discover", "DiscoverRequest", "unary_stream", filter=name, watch=True)

    def until(self, wanted):
        """Read on until the services are as wanted."""
        for answer in self.told:
            if wanted(answer.service):
                return answer.service
        raise AssertionError("the watch has ended")


def watches_a_service_written_with_libmuon_come_answer_and_go():
    watch = Watch("echo")
    assert not next(watch.told).service
    serve = subprocess.Popen(["muon", "serve", "echo", "/again/**", "--count", "1", "--tag", "libmuon", "--server",
                              f"muon://{address}", "--certs", tls], stdout=subprocess.DEVNULL)
    try:
        found = watch.until(lambda services: services and services[0].instance[0].endpoint)
        assert [(one.name, list(one.tag)) for one in found] == [("echo", ["libmuon"])], found
        answer = bus("Request", "RequestRequest", url="rpc://echo/again/and/again", body=b'"hello"')
        assert (answer.status, answer.body) == (200, b'"hello"'), answer
        assert answer.instance_id == found[0].instance_id[0], answer
        watch.until(lambda services: not services)
        assert serve.wait(CALL_S) == 0
    finally:
        serve.kill()
        watch.told.cancel()


# semantics 18
def a_deadline_reaches_the_responder_as_a_cancel():
    session = Session("patient", "/**")
    try:
        request = message("muon.v1.RequestRequest")(url="rpc://patient/wait", body=b"never")
        ask = channel.unary_unary("/muon.v1.BusService/Request", lambda sent: sent.SerializeToString())
        try:
            ask(request, timeout=0.3)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error
        assert session.cancelled.wait(CALL_S)
    finally:
        session.close()


def asks_the_store_as_a_service():
    stored = json.loads(bus("Request", "RequestRequest", url="rpc://photon/events",
                            body=b'{"stream-name":"python/bus","event-type":"Noted","payload":{"n":1}}').body)
    assert (stored["version"], stored["payload"]) == (1, {"n": 1}), stored
    url = "stream://photon/stream?stream-name=python/bus&stream-type=cold"
    got = [json.loads(item.body) for answer in bus("Stream", "StreamRequest", "unary_stream", url=url)
           for item in answer.item]
    assert got == [stored], got


TESTS = [lists_services_by_reflection, checks_health, emits_and_replays, emits_through_a_stream, follows_live,
         reads_the_details_of_an_error, asks_a_service_that_a_session_serves,
         watches_a_service_written_with_libmuon_come_answer_and_go,
         a_deadline_reaches_the_responder_as_a_cancel, asks_the_store_as_a_service,
         a_stalled_subscription_does_not_stall_the_other_calls_of_its_connection]


def main():
    failed = 0
    for test in TESTS:
        try:
            test()
            print(f"ok    python: {test.__name__.replace('_', ' ')}")
        except Exception:  # whatever it is, it is this test's failure, and the next one is to run
            failed += 1
            print(f"FAIL  python: {test.__name__.replace('_', ' ')}\n{traceback.format_exc()}")
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

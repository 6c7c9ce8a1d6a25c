"""test.py ADDRESS TLS_FOLDER DESCRIPTOR_SET: what Debian's stock Python gRPC can do with photond, over mutual TLS, with
nothing but the descriptor set (no generated code). Ends with "N passed, N failed"."""
import sys
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
        assert "muon.v1.PhotonService" in names, names


def checks_health():
    answer = call("Check", message("grpc.health.v1.HealthCheckRequest")(), "grpc.health.v1.Health")
    assert answer.status == 1, answer


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


TESTS = [lists_services_by_reflection, checks_health, emits_and_replays, emits_through_a_stream, follows_live,
         reads_the_details_of_an_error, a_stalled_subscription_does_not_stall_the_other_calls_of_its_connection]


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

// node test.js ADDRESS TLS_FOLDER: what a stock client can do with photond, over mutual TLS.
// Ends with "N passed, N failed".
'use strict';
const assert = require('assert/strict');
const { grpc, connect, credentials, deadline, unary, collect, reader, details, event } = require('./client');

const TEST_MS = 120000;
const [address, tls] = process.argv.slice(2);
const tests = {};
const { photon, bus, health, reflection, reflectionAlpha, close } = connect(address, credentials(tls));

const emit = (...events) => unary(photon, 'Emit', { event: events });
const subscribe = (request) => photon.Subscribe(request, deadline());
const eventsOf = (messages) => messages.flatMap((message) => message.event);

async function fails(promise, code) {
  const error = await promise.then(() => assert.fail('should have failed'), (reason) => reason);
  assert.equal(error.code, code, error.message);
  return error;
}

async function listServices(stub) {
  const call = stub.ServerReflectionInfo(deadline());
  const next = reader(call);
  call.write({ list_services: '*' });
  const services = (await next()).list_services_response.service.map((service) => service.name);
  call.write({ file_containing_symbol: 'muon.v1.PhotonService' });
  const files = (await next()).file_descriptor_response.file_descriptor_proto;
  call.write({ file_containing_symbol: 'muon.v1.Nothing' });
  const unknown = (await next()).error_response;
  call.end();
  return { services, files, unknown };
}

for (const [version, stub] of [['v1', reflection], ['v1alpha', reflectionAlpha]]) {
  // hazards 15
  tests[`reflection ${version} lists the services and describes them`] = async () => {
    const { services, files, unknown } = await listServices(stub);
    for (const name of ['muon.v1.PhotonService', 'muon.v1.BusService', 'muon.v1.AdminService', 'grpc.health.v1.Health', `grpc.reflection.${version}.ServerReflection`]) {
      assert(services.includes(name), `${name} is not among ${services}`);
    }
    assert(files.some((file) => file.includes('muon/v1/photon.proto')));
    assert.equal(unknown.error_code, grpc.status.NOT_FOUND);
  };
}

tests['health tells the truth of the server and of its service'] = async () => {
  for (const service of ['', 'muon.v1.PhotonService', 'muon.v1.BusService']) {
    assert.equal((await unary(health, 'Check', { service })).status, 'SERVING');
  }
  await fails(unary(health, 'Check', { service: 'nobody' }), grpc.status.NOT_FOUND);
};

tests['a service that a session serves is asked by a plain call'] = async () => {
  const session = bus.Connect(deadline());
  const say = (...frame) => session.write({ frame });
  const ended = new Promise((resolve) => { session.on('end', resolve).on('error', resolve); });
  const served = new Promise((resolve) => {
    session.on('data', ({ frame }) => frame.forEach((one) => {
      if (one.body === 'endpoint_done') resolve();
      if (one.body === 'beat') say({ beat: {} });
      if (one.body === 'call') {
        say({ exchange: one.exchange, answer: { status: 200, body: Buffer.from(`${one.call.body}!`) } });
      }
    }));
  });
  say({ hello: { service: 'node', instance_id: '1', epoch: 1 } }, { endpoint: { path: '/say/**' } });
  await served;
  const answer = await unary(bus, 'Request', { url: 'rpc://node/say/it', body: Buffer.from('hello') });
  assert.equal(String(answer.body), 'hello!');
  await fails(unary(bus, 'Request', { url: 'rpc://node/other' }), grpc.status.NOT_FOUND);
  session.end();
  await ended;
};

tests['info names the store and its limits'] = async () => {
  const info = await unary(photon, 'Info', {});
  assert.match(info.store_id, /^[0-9a-f-]{36}$/);
  assert.equal(info.limits.batch_events, 1000);
};

tests['an emitted event is stored with its place, and read back as it was'] = async () => {
  const sent = event('node/one', 'Noted', '{"a": 1}');
  const answer = await emit(sent);
  assert.equal(answer.stored.length, 1);
  assert.equal(answer.stored[0].version, '1');
  const { event: got } = await unary(photon, 'GetEvent', { event_id: sent.event_id });
  assert.equal(got.order_id, answer.stored[0].order_id);
  assert.equal(got.payload.toString(), '{"a": 1}');
  assert.equal((await emit(sent)).duplicate, true);
};

tests['an emit stream answers by number, in order, and survives a refused batch'] = async () => {
  const call = photon.EmitStream(deadline());
  const answers = collect(call);
  for (let number = 1; number <= 50; number++) {
    const bad = number === 20;
    call.write({ emit: [{ number, request: { event: [event(bad ? '' : 'node/stream')] } }] });
  }
  call.end();
  const results = (await answers).flatMap((message) => message.result);
  assert.deepEqual(results.map((result) => Number(result.number)), Array.from({ length: 50 }, (_, i) => i + 1));
  assert.equal(results[19].error.reason, 'REASON_INVALID_ARGUMENT');
  assert.equal(results.filter((result) => result.response).length, 49);
  assert.equal(results[49].response.stored[0].version, '49');
};

tests['a cold subscription gives what is stored, in order, and ends'] = async () => {
  await emit(...Array.from({ length: 5 }, (_, i) => event('node/cold', 'Noted', `${i}`)));
  const messages = await collect(subscribe({ stream_name: 'node/cold', stream_type: 'STREAM_TYPE_COLD' }));
  assert.deepEqual(eventsOf(messages).map((got) => got.payload.toString()), ['0', '1', '2', '3', '4']);
};

// Reads a subscription until it has given this many events.
async function take(next, count, seen = { events: [], caughtUpAfter: -1 }) {
  while (seen.events.length < count) {
    const message = await next();
    seen.events.push(...message.event);
    if (message.marker === 'caught_up') seen.caughtUpAfter = seen.events.length;
  }
  return seen;
}

tests['a hot subscription begins with its marker and gives only what comes'] = async () => {
  await emit(event('node/hot', 'Before'));
  const call = subscribe({ stream_name: 'node/hot', stream_type: 'STREAM_TYPE_HOT' });
  const next = reader(call);
  assert.equal((await next()).marker, 'caught_up');
  await emit(event('node/hot', 'After'));
  assert.deepEqual((await take(next, 1)).events.map((got) => got.event_type), ['After']);
  call.cancel();
};

tests['a hot-cold subscription gives what is stored, then the marker, then what comes'] = async () => {
  await emit(event('node/both', 'Before'), event('node/both', 'Before'));
  const call = subscribe({ stream_name: 'node/both', stream_type: 'STREAM_TYPE_HOT_COLD' });
  const next = reader(call);
  const seen = await take(next, 2);
  if (seen.caughtUpAfter < 0) {
    assert.equal((await next()).marker, 'caught_up');
    seen.caughtUpAfter = seen.events.length;
  }
  await emit(event('node/both', 'After'));
  await take(next, 3, seen);
  assert.equal(seen.caughtUpAfter, 2);
  assert.deepEqual(seen.events.map((got) => got.event_type), ['Before', 'Before', 'After']);
  call.cancel();
};

tests['a failure says in its details which event and field, and what to do'] = async () => {
  const error = await fails(emit(event('node/details'), event('')), grpc.status.INVALID_ARGUMENT);
  const { reason, event_index: index, field } = details(error);
  assert.deepEqual({ reason, index, field }, { reason: 'REASON_INVALID_ARGUMENT', index: 1, field: 'stream-name' });
};

tests['a wrong version says which one is right'] = async () => {
  await emit(event('node/version'));
  const request = { event: [event('node/version')], expect: [{ stream_name: 'node/version', version: 7 }] };
  const error = await fails(unary(photon, 'Emit', request), grpc.status.FAILED_PRECONDITION);
  const { reason, wrong_version: wrong } = details(error);
  assert.equal(reason, 'REASON_WRONG_VERSION');
  assert.equal(wrong[0].version, '1');
};

tests['without a client certificate nothing is answered'] = async () => {
  const stranger = connect(address, credentials(tls, { certificate: false }));
  const request = new Promise((resolve, reject) => {
    stranger.photon.Info({}, { deadline: Date.now() + 5000 }, (error, response) => (error ? reject(error) : resolve(response)));
  });
  const error = await request.then(() => assert.fail('was answered'), (reason) => reason);
  assert([grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED].includes(error.code), error.message);
  stranger.close();
};

// Each stalled subscriber is owed far more than any window of HTTP/2, on the connection that all others use.
const LARGE = 'x'.repeat(200 * 1024);
const LARGE_EVENTS = 100;
const STALLED = 32;

// Reads one message, then no more. (grpc-js holds nothing back before the first read.)
async function stall(stream, index) {
  const call = subscribe({ stream_name: stream, stream_type: index % 2 ? 'STREAM_TYPE_HOT_COLD' : 'STREAM_TYPE_COLD' });
  call.on('error', () => {}); // those that are not read to their end are cancelled in the end
  const first = await new Promise((resolve) => {
    call.once('data', (message) => {
      call.pause();
      resolve(message);
    });
  });
  return { call, given: first.event.length };
}

// semantics 15
tests['stalled subscriptions do not stall the other calls of their connection'] = async () => {
  for (let i = 0; i < LARGE_EVENTS; i++) await emit(event('node/large', 'Large', LARGE));
  const stalled = await Promise.all(Array.from({ length: STALLED }, (_, i) => stall('node/large', i)));
  const pipelined = photon.EmitStream(deadline());
  const answers = collect(pipelined);
  for (let i = 1; i <= 200; i++) {
    await emit(event('node/busy'));
    pipelined.write({ emit: [{ number: i, request: { event: [event('node/pipelined')] } }] });
  }
  pipelined.end();
  assert.equal((await answers).flatMap((message) => message.result).length, 200);
  const busy = await collect(subscribe({ stream_name: 'node/busy', stream_type: 'STREAM_TYPE_COLD' }));
  assert.equal(eventsOf(busy).length, 200);
  // And the stalled ones have lost nothing.
  const [cold, hotCold] = stalled;
  assert.equal(cold.given + eventsOf(await collect(cold.call)).length, LARGE_EVENTS);
  await take(reader(hotCold.call), LARGE_EVENTS - hotCold.given);
  for (const { call } of stalled) call.cancel();
};

async function main() {
  let passed = 0;
  let failed = 0;
  for (const [name, test] of Object.entries(tests)) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done after ${TEST_MS / 1000} s`)), TEST_MS);
    });
    try {
      await Promise.race([test(), late]);
      passed++;
      console.log(`ok    node: ${name}`);
    } catch (error) {
      failed++;
      console.log(`FAIL  node: ${name}\n${error.stack}`);
    }
    clearTimeout(timer);
  }
  close();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}

main();

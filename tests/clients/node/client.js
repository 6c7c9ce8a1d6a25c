// A stock client: grpc-js and the .proto files, nothing of ours. What the tests share.
'use strict';
const fs = require('fs');
const path = require('path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const protobuf = require('protobufjs');

const PROTOS = path.resolve(__dirname, '../../../protos');
const FILES = ['muon/v1/photon.proto', 'muon/v1/bus.proto', 'grpc/health/v1/health.proto',
  'grpc/reflection/v1/reflection.proto', 'grpc/reflection/v1alpha/reflection.proto'];
const CALL_MS = 30000; // long: no verdict depends on time, but nothing may hang for ever

const api = grpc.loadPackageDefinition(loader.loadSync(FILES, {
  includeDirs: [PROTOS], keepCase: true, longs: String, enums: String, defaults: true, oneofs: true,
}));

const types = new protobuf.Root();
types.resolvePath = (origin, target) => path.join(PROTOS, target);
types.loadSync(['google/rpc/status.proto', 'muon/v1/error.proto'], { keepCase: true });
const Status = types.lookupType('google.rpc.Status');
const MuonError = types.lookupType('muon.v1.Error');

function credentials(tls, { certificate = true } = {}) {
  const read = (name) => fs.readFileSync(path.join(tls, name));
  return grpc.credentials.createSsl(read('ca.crt'), certificate ? read('client.key') : null,
    certificate ? read('client.crt') : null);
}

// One channel, hence one connection, under all the stubs.
function connect(address, creds) {
  const photon = new api.muon.v1.PhotonService(address, creds);
  const shared = { channelOverride: photon.getChannel() };
  return {
    photon,
    bus: new api.muon.v1.BusService(address, creds, shared),
    health: new api.grpc.health.v1.Health(address, creds, shared),
    reflection: new api.grpc.reflection.v1.ServerReflection(address, creds, shared),
    reflectionAlpha: new api.grpc.reflection.v1alpha.ServerReflection(address, creds, shared),
    close: () => photon.close(),
  };
}

const deadline = () => ({ deadline: Date.now() + CALL_MS });

function unary(stub, method, request) {
  return new Promise((resolve, reject) => {
    stub[method](request, deadline(), (error, response) => (error ? reject(error) : resolve(response)));
  });
}

// Everything that a server stream sends until it ends.
async function collect(call) {
  const messages = [];
  for await (const message of call) messages.push(message);
  return messages;
}

// Messages of a stream one after the other, for those who do not wait for its end.
function reader(call) {
  const waiting = call[Symbol.asyncIterator]();
  return async () => (await waiting.next()).value;
}

// The muon.v1.Error that travels with a failed call.
function details(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  const status = Status.decode(bytes);
  return MuonError.toObject(MuonError.decode(status.details[0].value), { enums: String, longs: String });
}

let serial = 0;
const event = (stream, type = 'Noted', payload = '{}') => ({
  stream_name: stream, event_type: type, event_id: `${process.pid}-${serial++}`, payload: Buffer.from(payload),
});

module.exports = { api, grpc, connect, credentials, deadline, unary, collect, reader, details, event };

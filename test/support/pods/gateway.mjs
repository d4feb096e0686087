// The way into a network namespace: started inside it, with a channel to the process that started it. Sockets belong to the
// namespace in which they were opened, so a listening socket that comes over the channel listens outside, and what is dialled
// here is dialled inside. Messages: {id, to} with a socket, or {id, at, to}, where `to` may change, or {id, cut} with an address
// whose connections end. Answers: {id, error?}.
import { connect, createServer } from 'node:net';

const relays = new Map();

process.on('message', ({ id, at, to, cut }, server) => {
  const done = (error) => process.send({ id, ...(error ? { error: error.message } : {}) });
  if (server) {
    server.on('connection', (socket) => join(socket, to));
    done();
    return;
  }
  if (cut) {
    for (const socket of relays.get(nameOf(cut))?.sockets ?? []) socket.destroy();
    done();
    return;
  }
  const known = relays.get(nameOf(at));
  if (known) {
    known.to = to;
    done();
    return;
  }
  const relay = { to, sockets: new Set() };
  relays.set(nameOf(at), relay);
  createServer((socket) => {
    relay.sockets.add(socket);
    socket.on('close', () => relay.sockets.delete(socket));
    join(socket, relay.to);
  })
    .once('error', done)
    .listen(at.port, at.host, () => done());
});
process.on('disconnect', () => process.exit());

function nameOf({ host, port }) {
  return `${host}:${port}`;
}

function join(from, { host, port }) {
  const to = connect(port, host);
  const end = () => {
    from.destroy();
    to.destroy();
  };
  for (const socket of [from, to]) socket.on('error', end).on('close', end);
  from.pipe(to).pipe(from);
}

// The way in and out of a network namespace: sockets of the file system belong to no network.
//     node relay.mjs FOLDER in:PORT… out:ADDRESS:PORT…
// `in` serves FOLDER/PORT.sock and leads to 127.0.0.1:PORT in here; `out` serves ADDRESS:PORT in here and leads to
// FOLDER/ADDRESS:PORT.sock, which somebody outside serves. Prints `ready`.
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';

const [folder, ...ways] = process.argv.slice(2);

const ended = () => undefined; // either side may go away at any time, and the other learns it by its own end

function serve(listen, to) {
  const server = createServer({ allowHalfOpen: true }, (incoming) => {
    const outgoing = connect({ ...to, allowHalfOpen: true });
    pipeline(incoming, outgoing, incoming, ended);
  });
  return new Promise((resolve) => server.listen(listen, resolve));
}

for (const way of ways) {
  const [direction, ...rest] = way.split(':');
  const [host, port] = direction === 'in' ? ['127.0.0.1', rest[0]] : rest;
  const tcp = { host, port: Number(port) };
  const file = { path: join(folder, direction === 'in' ? `${port}.sock` : `${host}:${port}.sock`) };
  await (direction === 'in' ? serve(file, tcp) : serve(tcp, file));
}
process.stdout.write('ready\n');

import {
  constants,
  createServer,
  type Http2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Something that listens where an etcd should; `sockets`: when each connection came, ms of performance.now(). */
export interface OddServer {
  readonly port: number;
  readonly sockets: readonly number[];
  stop(): Promise<void>;
}

/** A TCP server of which each connection is dealt with by `onSocket`. */
export async function oddServer(onSocket: (socket: Socket) => void): Promise<OddServer> {
  const open = new Set<Socket>();
  const times: number[] = [];
  const tcp: Server = createTcpServer((socket) => {
    times.push(performance.now());
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => tcp.close(resolve));
  };
  return { port: (tcp.address() as AddressInfo).port, sockets: times, stop };
}

/** What is sent back for one call: the body's bytes and, unless undefined, the gRPC status of the trailers. */
export interface OddAnswer {
  readonly body?: Buffer;
  /** Default 200. */
  readonly httpStatus?: number;
  readonly contentType?: string;
  /** Default: the call stays open. */
  readonly grpcStatus?: number;
  /** Breaks the connection off after the body. */
  readonly destroy?: boolean;
}

/** What to answer to each procedure; undefined: nothing at all. */
export interface OddAnswers {
  readonly range?: OddAnswer;
  readonly watch?: OddAnswer;
}

/** An HTTP/2 server that takes the calls of etcd's API and answers what a test says, byte for byte. */
export function oddEtcd(answers: OddAnswers): Promise<OddServer> {
  return oddHttp2((stream, headers) => {
    const answer = headers[':path']?.endsWith('/Watch') ? answers.watch : answers.range;
    if (answer) send(stream, answer);
  });
}

/**
 * As the etcd of the cluster `name` to which an overloaded proxy leads: its heartbeat is watched and its configuration read,
 * then the list of its nodes never comes, and every further watch stream is reset. `resets`: how many were.
 */
export async function resettingEtcd(name: string): Promise<OddServer & { readonly resets: () => number }> {
  const watched = new WeakSet<Http2Session>();
  let resets = 0;
  const odd = await oddHttp2((stream, headers) => {
    if (!headers[':path']?.endsWith('/Watch')) answerRange(stream, name);
    else if (stream.session && !watched.has(stream.session)) {
      watched.add(stream.session);
      send(stream, { body: frame(Buffer.concat([header, Buffer.from([0x18, 1])])) });
    } else {
      resets++;
      stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  });
  return Object.assign(odd, { resets: () => resets });
}

function answerRange(stream: ServerHttp2Stream, name: string): void {
  let asked = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => (asked = Buffer.concat([asked, chunk])));
  stream.on('end', () => {
    if (asked.includes('cilium/state/nodes/')) send(stream, { body: Buffer.alloc(0) });
    else if (asked.includes('cilium/cluster-config/')) send(stream, configuration(name));
    else send(stream, emptyRange);
  });
}

function configuration(name: string): OddAnswer {
  const text = (field: number, value: string): Buffer =>
    Buffer.concat([Buffer.from([(field << 3) | 2, value.length]), Buffer.from(value)]);
  const entry = Buffer.concat([text(1, `cilium/cluster-config/${name}`), text(5, '{"id":3}')]);
  const body = frame(Buffer.concat([header, Buffer.from([0x12, entry.length]), entry]));
  return { body, grpcStatus: 0 };
}

async function oddHttp2(
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
): Promise<OddServer> {
  const sessions = new Set<ServerHttp2Session>();
  const times: number[] = [];
  const server: Http2Server = createServer();
  server.on('session', (session) => {
    times.push(performance.now());
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    onStream(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    for (const session of sessions) session.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: (server.address() as AddressInfo).port, sockets: times, stop };
}

function send(stream: ServerHttp2Stream, answer: OddAnswer): void {
  const { body, httpStatus = 200, contentType = 'application/grpc', grpcStatus, destroy } = answer;
  if (grpcStatus !== undefined)
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(grpcStatus) }));
  stream.respond(
    { ':status': httpStatus, 'content-type': contentType },
    { waitForTrailers: grpcStatus !== undefined },
  );
  if (body) stream.write(body);
  if (destroy) stream.session?.destroy();
  else if (grpcStatus !== undefined || httpStatus !== 200) stream.end();
}

/** A gRPC message as it travels: a flag, a length, the bytes. `length`: what it claims. */
export function frame(message: Buffer, { flag = 0, length = message.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

const header = Buffer.from([0x0a, 0x04, 0x08, 0x07, 0x18, 0x01]);

/** The answer to a range without keys, of the etcd cluster 7 at revision 1. */
export const emptyRange: OddAnswer = { body: frame(header), grpcStatus: 0 };

/** The same with these keys, each of less than 126 bytes and without a value, and the claim that there are more. */
export function pageOf(...keys: readonly string[]): OddAnswer {
  const entries = keys.map((key) => {
    const bytes = Buffer.from(key);
    return Buffer.concat([Buffer.from([0x12, bytes.length + 2, 0x0a, bytes.length]), bytes]);
  });
  return { body: frame(Buffer.concat([header, ...entries, Buffer.from([0x18, 0x01])])), grpcStatus: 0 };
}

import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect } from 'node:tls';

/** TLS's numbers. */
const handshakeRecord = 22;
const certificateRequest = 13;
const changeCipherSpec = 20;

/** A socket for Node's TLS that keeps a copy of what comes in. */
class Tap extends Duplex {
  private readonly chunks: Buffer[] = [];

  constructor(private readonly socket: Socket) {
    super();
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.push(chunk);
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  override _read(): void {
    // The socket pushes when there is something.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.socket.write(chunk, () => done());
  }
}

/**
 * The authorities whose client certificates a server takes, as its TLS 1.2 handshake names them; Node does not tell them. Empty
 * when it names none or could not be asked.
 */
export function acceptableAuthorities(host: string, port: number, signal: AbortSignal): Promise<string[]> {
  return new Promise((resolve) => {
    const socket = new Socket({ signal });
    const tap = new Tap(socket);
    const finish = (): void => {
      socket.destroy();
      resolve(authoritiesIn(tap.received).map(distinguishedName));
    };
    socket.once('error', finish);
    socket.connect({ host, port }, () => {
      const tls = connect({ socket: tap, maxVersion: 'TLSv1.2', rejectUnauthorized: false });
      tls.once('secureConnect', finish);
      tls.once('error', finish);
      tls.once('close', finish);
    });
  });
}

/** Distinguished names, DER, of the CertificateRequest among a server's records up to its ChangeCipherSpec. */
function authoritiesIn(records: Buffer): Buffer[] {
  const messages = handshakeBytes(records);
  for (let at = 0; at + 4 <= messages.length;) {
    const length = messages.readUIntBE(at + 1, 3);
    const body = messages.subarray(at + 4, at + 4 + length);
    if (messages[at] === certificateRequest) return namesOf(body);
    at += 4 + length;
  }
  return [];
}

function handshakeBytes(records: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at + 5 <= records.length && records[at] !== changeCipherSpec;) {
    const length = records.readUInt16BE(at + 3);
    if (records[at] === handshakeRecord) parts.push(records.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  return Buffer.concat(parts);
}

/** Certificate types, signature algorithms, then the names. */
function namesOf(body: Buffer): Buffer[] {
  const algorithms = 1 + (body[0] ?? 0);
  let at = algorithms + 2 + body.readUInt16BE(algorithms) + 2;
  const names: Buffer[] = [];
  while (at + 2 <= body.length) {
    const length = body.readUInt16BE(at);
    names.push(body.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return names;
}

/** Object identifiers of X.520, DER. */
const shortNames: Readonly<Record<string, string>> = {
  '550403': 'CN',
  '550405': 'serialNumber',
  '550406': 'C',
  '550407': 'L',
  '550408': 'ST',
  '550409': 'street',
  '55040a': 'O',
  '55040b': 'OU',
  '550411': 'postalCode',
};

/** Node's form of a name, so that it can be compared with that of a certificate: one `CN=x` a line. */
function distinguishedName(der: Buffer): string {
  const sequence = element(der, 0);
  const lines: string[] = [];
  for (let at = sequence.start; at < sequence.end;) {
    const set = element(der, at);
    const pair = element(der, set.start);
    const type = element(der, pair.start);
    const value = element(der, type.end);
    const oid = der.toString('hex', type.start, type.end);
    lines.push(`${shortNames[oid] ?? oid}=${der.toString('utf8', value.start, value.end)}`);
    at = set.end;
  }
  return lines.join('\n');
}

function element(der: Buffer, at: number): { start: number; end: number } {
  const first = der[at + 1] ?? 0;
  const size = first < 0x80 ? 0 : first & 0x7f;
  const length = size === 0 ? first : der.readUIntBE(at + 2, size);
  const start = at + 2 + size;
  return { start, end: start + length };
}

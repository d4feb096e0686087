import { readdir, readFile, readlink } from 'node:fs/promises';
import { connect } from 'node:tls';
import { X509Certificate } from 'node:crypto';
import type { KeyPair } from '../certs.js';

const established = '01';

/** The connections of a process to these ports of whomever, each by its inode: a new connection has another one. */
export async function connectionsOf(pid: number, ports: readonly number[]): Promise<Set<string>> {
  const proc = `/proc/${String(pid)}`;
  const descriptors = await readdir(`${proc}/fd`);
  const links = await Promise.all(descriptors.map((fd) => readlink(`${proc}/fd/${fd}`).catch(() => '')));
  const own = new Set(links.map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]));
  const tables = await Promise.all(['tcp', 'tcp6'].map((file) => readFile(`${proc}/net/${file}`, 'utf8')));
  const rows = tables.flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)));
  const [remote, state, inode] = [2, 3, 9];
  return new Set(
    rows
      .filter((row) => row[state] === established && ports.includes(portOf(row[remote])))
      .map((row) => row[inode] ?? '')
      .filter((found) => own.has(found)),
  );
}

/** `0100007F:094B` */
function portOf(address = ''): number {
  return parseInt(address.slice(address.lastIndexOf(':') + 1), 16);
}

export function serialOf(pem: string): string {
  return new X509Certificate(pem).serialNumber;
}

/** The serial number of the certificate that a server on 127.0.0.1 shows to a new connection. */
export function shownSerial(port: number, { cert, key }: KeyPair, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca, cert, key });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
  });
}

import { createServer } from 'node:net';
import { readdir, readFile, readlink } from 'node:fs/promises';

const loopbacks = ['127.0.0.1', '::1'] as const;

/** The first of these ports of this machine's loopback that somebody listens on. */
export async function takenPort(ports: readonly number[]): Promise<number | undefined> {
  for (const port of ports) {
    for (const host of loopbacks) if (await isTaken(host, port)) return port;
  }
  return undefined;
}

/** Binding tells more than connecting: it also finds a listener that answers nobody. */
function isTaken(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // Machines without IPv6 refuse ::1 with another error; nobody can be listening there.
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(false)));
  });
}

/**
 * Who listens on a port, as the kernel says (Linux): `nobody`, the process itself and nobody else (`own`), `others`, or
 * `unknown` where /proc cannot be read.
 */
export type Listener = 'nobody' | 'own' | 'others' | 'unknown';

export async function listenerOf(port: number, pid: number): Promise<Listener> {
  try {
    const tables = await Promise.all(['tcp', 'tcp6'].map((name) => socketTable(pid, name)));
    const listening = tables.flatMap((table) => listeningInodes(table, port));
    if (listening.length === 0) return 'nobody';
    const own = await socketsOf(pid);
    return listening.every((inode) => own.has(inode)) ? 'own' : 'others';
  } catch (error) {
    if (isSystemError(error)) return 'unknown';
    throw error;
  }
}

/** Inodes of the sockets that listen on the port, out of /proc/net/tcp. */
export function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = table.split('\n').slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[3] === listenState)
    .map((fields) => fields[9] ?? '');
}

/** TCP_LISTEN of the kernel. */
const listenState = '0A';

async function socketTable(pid: number, name: string): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/net/${name}`, 'utf8');
  } catch (error) {
    // A kernel without IPv6 has no tcp6.
    if (name === 'tcp6' && isSystemError(error)) return '';
    throw error;
  }
}

async function socketsOf(pid: number): Promise<ReadonlySet<string>> {
  const directory = `/proc/${pid}/fd`;
  const names = await readdir(directory);
  const links = await Promise.all(names.map((name) => linkOf(`${directory}/${name}`)));
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}

async function linkOf(path: string): Promise<string> {
  try {
    return await readlink(path);
  } catch (error) {
    // Closed since it was listed.
    if (isSystemError(error)) return '';
    throw error;
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}

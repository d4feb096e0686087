import { isIP } from 'node:net';

export interface HostPort {
  /** '' = all interfaces. IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `:port` or `[v6]:port`; undefined when it is none of them. Port 0 lets the system choose. */
export function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([^\][]+)\]|([^\][:]*)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, v6, name, digits] = match;
  const port = Number(digits);
  if (port > 65_535 || (v6 !== undefined && isIP(v6) !== 6)) return undefined;
  return { host: v6 ?? name ?? '', port };
}

/** Whether only this machine (or this pod) can connect to a listener on that host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

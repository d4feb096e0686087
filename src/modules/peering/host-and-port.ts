import { isIP } from 'node:net';

/** Where a server listens. An IPv6 host has no brackets here. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** `host:port`, with an IPv6 host in brackets. */
export function addressText({ host, port }: HostAndPort): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** As etcd's clients take it. */
export function endpointUrl(address: HostAndPort): string {
  return `https://${addressText(address)}`;
}

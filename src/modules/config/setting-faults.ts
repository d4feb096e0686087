import { clusterNameFault } from './cluster-name.js';
import { isLoopback, parseHostPort } from './host-port.js';

/** For Rule(): what is wrong, or undefined. */
export function nameFault(name: string): string | undefined {
  const fault = clusterNameFault(name);
  return fault === undefined ? undefined : `invalid cluster name ${JSON.stringify(name)}: ${fault}`;
}

/** For Rule(): what is wrong, or undefined. */
export function defaultNameFault(
  name: string,
  { clusterId }: { readonly clusterId: number },
): string | undefined {
  if (name !== 'default' || clusterId === 0) return undefined;
  return 'cannot use default cluster name (default) with option cluster-id';
}

/** For Rule(): what is wrong, or undefined. */
export function kvstoreFault(type: string): string | undefined {
  if (type === 'etcd') return undefined;
  if (type === '') return 'kvstore not configured';
  return `failed connecting to kvstore: unknown key-value store type ${JSON.stringify(type)}. See cilium.link/err-kvstore for details`;
}

/** For Rule(): what is wrong, or undefined. */
export function addressFault(address: string): string | undefined {
  if (address === '' || parseHostPort(address) !== undefined) return undefined;
  return '--{flag}={value} is invalid; must be host:port or :port';
}

/** For Rule(): what is wrong, or undefined. */
export function adminFault(address: string): string | undefined {
  if (address === '') return undefined;
  const parsed = parseHostPort(address);
  if (parsed !== undefined && isLoopback(parsed.host)) return undefined;
  return '--{flag}={value} is invalid; the admin API has no authentication, so its address must be host:port with a loopback host such as 127.0.0.1';
}

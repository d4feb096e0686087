import { StartError } from '../../common/start-error.js';
import type { ClustermeshOptions } from '../config/clustermesh-options.js';
import { type HostPort, isLoopback, parseHostPort } from '../config/host-port.js';
import type { KvstoremeshOptions } from '../config/kvstoremesh-options.js';
import type { ListenerSpec } from './listener.js';
import { refuseForeign } from './local-request.js';

export type ListenOptions = Pick<
  ClustermeshOptions,
  'healthPort' | 'prometheusServeAddr' | 'adminServeAddr'
> &
  Partial<Pick<KvstoremeshOptions, 'apiServeAddr'>>;

const healthPaths: ReadonlySet<string> = new Set(['/readyz', '/livez']);
const apiPaths: ReadonlySet<string> = new Set(['/v1/cluster', '/v1/cluster/', '/v1/docs', '/swagger.json']);
const metricsPaths: ReadonlySet<string> = new Set(['/metrics']);

/** What the program listens on. Rejects addresses that the options should not have let through, with StartError. */
export function listenerTable(options: ListenOptions): readonly ListenerSpec[] {
  const listeners: ListenerSpec[] = [
    {
      name: 'health',
      host: '',
      port: options.healthPort,
      serves: (path) => healthPaths.has(path),
      failure: 'Unable to start health API',
      subsys: 'health-api-server',
      opened: 'Started health API',
    },
  ];
  if (options.prometheusServeAddr !== '') {
    listeners.push({
      name: 'metrics',
      ...addressOf('prometheus-serve-addr', options.prometheusServeAddr),
      serves: (path) => metricsPaths.has(path),
      failure: 'Unable to start metrics server',
      subsys: 'metrics',
      opened: 'Starting metrics server',
    });
  }
  if (options.apiServeAddr !== undefined) {
    listeners.push({
      name: 'api',
      ...addressOf('api-serve-addr', options.apiServeAddr),
      serves: (path) => apiPaths.has(path),
      notFound: (path) => JSON.stringify({ code: 404, message: `path ${path} was not found` }),
      failure: 'Unable to start KVStoreMesh API',
      subsys: 'kvstoremesh-api',
      opened: 'Started KVStoreMesh API',
    });
  }
  if (options.adminServeAddr !== '') {
    listeners.push({
      name: 'admin',
      ...loopbackOf('admin-serve-addr', options.adminServeAddr),
      serves: (path) => ![healthPaths, metricsPaths, apiPaths].some((paths) => paths.has(path)),
      refuse: refuseForeign,
      headers: { 'X-Content-Type-Options': 'nosniff' },
      failure: 'Unable to start admin API',
      subsys: 'admin',
      opened: 'Started admin API',
    });
  }
  return listeners;
}

function addressOf(flag: string, text: string): HostPort {
  const address = parseHostPort(text);
  if (!address)
    throw new StartError(`--${flag}=${text} is invalid; it must be host:port, :port or [v6]:port`);
  return address;
}

function loopbackOf(flag: string, text: string): HostPort {
  const address = addressOf(flag, text);
  if (isLoopback(address.host)) return address;
  throw new StartError(`--${flag}=${text} is invalid; its host must be a loopback address such as 127.0.0.1`);
}

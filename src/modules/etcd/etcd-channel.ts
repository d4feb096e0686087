import { isIP } from 'node:net';
import { checkServerIdentity, createSecureContext, type SecureContext } from 'node:tls';
import { Channel, type ChannelCredentials, type ChannelOptions, credentials } from '@grpc/grpc-js';
import { EtcdConfigError } from './config/etcd-config.js';
import type { EtcdSettings } from './config/etcd-config-loader.js';
import { systemRoots } from './system-roots.js';

export interface KeepAlive {
  readonly heartbeatMs: number;
  readonly timeoutMs: number;
}

/** etcd's server cuts clients that ping more often. */
const minHeartbeatMs = 5000;

/** Sent to servers that are addressed by IP, where TLS knows no server name. Any name would do: who serves one certificate sends it. */
const nameForIps = 'localhost';

export interface ChannelUse {
  /** Default: it connects anew by itself. */
  readonly reconnects?: boolean;
}

/**
 * A gRPC channel to one endpoint; connects when it is first used.
 * @throws EtcdConfigError for certificates that cannot be used, as a key that does not fit its certificate.
 */
export function openChannel(
  endpoint: string,
  settings: EtcdSettings,
  keepAlive: KeepAlive,
  { reconnects = true }: ChannelUse = {},
): Channel {
  const { address, host } = addressOf(endpoint);
  const secure = usesTls(endpoint, settings);
  const options: ChannelOptions = {
    'grpc.keepalive_time_ms': Math.max(minHeartbeatMs, keepAlive.heartbeatMs),
    'grpc.keepalive_timeout_ms': keepAlive.timeoutMs,
    'grpc.keepalive_permit_without_calls': settings.config.permitWithoutStream ? 1 : 0,
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 5000,
    // The original reaches etcd directly whatever the proxy variables say, and asks DNS for addresses only.
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    // Connections of an earlier client, with other certificates, are not to be shared.
    'grpc.use_local_subchannel_pool': 1,
    ...(secure && isIP(host) ? { 'grpc.ssl_target_name_override': nameForIps } : {}),
  };
  const access = secure ? tlsCredentials(host, settings) : credentials.createInsecure();
  if (!reconnects) connectOnce(access);
  return new Channel(address, access, options);
}

/**
 * After a failure gRPC connects again by itself, even when the channel has been closed in the meantime, and no option stops it.
 * It waits for the connector each time before it opens a socket: there it is refused.
 */
function connectOnce(access: ChannelCredentials): void {
  const create = access._createSecureConnector.bind(access);
  access._createSecureConnector = (...args) => {
    const connector = create(...args);
    const ready = connector.waitForReady.bind(connector);
    let used = false;
    connector.waitForReady = () => {
      if (used) return Promise.reject(new Error('the connection was lost'));
      used = true;
      return ready();
    };
    return connector;
  };
}

/** `host:port` and its parts; IPv6 hosts without their brackets. */
export function addressOf(endpoint: string): { address: string; host: string; port: number } {
  const address = endpoint.replace(/^https?:\/\//, '').replace(/\/$/, '');
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  return { address, host, port: Number(address.slice(colon + 1)) };
}

/** A scheme decides; without one TLS is used unless the configuration says insecure-transport. */
export function usesTls(endpoint: string, { config }: EtcdSettings): boolean {
  if (endpoint.startsWith('https://')) return true;
  return !endpoint.startsWith('http://') && !config.insecureTransport;
}

function tlsCredentials(host: string, settings: EtcdSettings): ChannelCredentials {
  return credentials.createFromSecureContext(secureContext(settings), {
    // Not against the name that was sent, which is none for IP addresses.
    checkServerIdentity: (_name, cert) => checkServerIdentity(host, cert),
    rejectUnauthorized: !settings.config.insecureSkipTlsVerify,
  });
}

/** @throws EtcdConfigError for certificates that cannot be used. */
export function secureContext({ config, ca = systemRoots(), clientCert }: EtcdSettings): SecureContext {
  try {
    return createSecureContext({
      minVersion: 'TLSv1.2',
      ...(ca ? { ca } : {}),
      ...clientCert,
    });
  } catch (error) {
    const files = [config.caFile, config.clientCert?.certFile, config.clientCert?.keyFile].filter(Boolean);
    const reason = error instanceof Error ? error.message : String(error);
    throw new EtcdConfigError(`${files.join(', ')}: ${reason}`, { cause: error });
  }
}

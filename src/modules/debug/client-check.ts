import type { EtcdSettings } from '../etcd/config/etcd-config-loader.js';
import { openChannel } from '../etcd/etcd-channel.js';
import { EtcdClient } from '../etcd/etcd-client.js';
import { EtcdFault } from '../etcd/kv.js';

interface RangeAnswer {
  /** Decimal. */
  readonly header?: { readonly cluster_id: string };
}

const connectLimitMs = 1000;
const heartbeatKey = Buffer.from('cilium/.heartbeat');
const keepAlive = { heartbeatMs: 15_000, timeoutMs: 25_000 };

/** Reads the heartbeat key as an agent would, whether it is there or not, at the first endpoint that answers within a second. */
export async function checkClient(settings: EtcdSettings, signal: AbortSignal): Promise<string[]> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(connectLimitMs)]);
  for (const endpoint of settings.config.endpoints) {
    const lines = await read(endpoint, settings, limit);
    if (lines) return lines;
  }
  return ['❌ Failed to establish connection: context deadline exceeded'];
}

/** undefined: this endpoint cannot be reached. */
async function read(
  endpoint: string,
  settings: EtcdSettings,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  const { login } = settings.config;
  const client = new EtcdClient({
    endpoint,
    channel: openChannel(endpoint, settings, keepAlive),
    ...(login ? { login } : {}),
  });
  try {
    const options = { signal, deadlineMs: connectLimitMs };
    const { header } = await client.call<RangeAnswer>('KV', 'Range', { key: heartbeatKey }, options);
    const id = header && `ℹ️  Etcd cluster ID: ${BigInt(header.cluster_id).toString(16)}`;
    return ['✅ Etcd connection successfully established', ...(id ? [id] : [])];
  } catch (error) {
    if (!(error instanceof EtcdFault)) throw error;
    // What etcd itself says begins with its name; anything else happened on the way to it.
    return error.message.startsWith('etcdserver:')
      ? [`❌ Failed to retrieve key from etcd: ${error.message}`]
      : undefined;
  } finally {
    client.close();
  }
}

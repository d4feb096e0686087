import type { EtcdSettings } from './config/etcd-config-loader.js';
import { openChannel, type KeepAlive } from './etcd-channel.js';
import { EtcdClient } from './etcd-client.js';
import { EtcdFault, type KvCallOptions } from './kv.js';

/** What a member says of itself; ids in hexadecimal, as etcdctl prints them. */
export interface MemberStatus {
  readonly version: string;
  readonly clusterId: string;
  readonly memberId: string;
  /** '0': it knows no leader. */
  readonly leader: string;
  readonly dbSizeBytes: number;
  readonly dbSizeInUseBytes: number;
  /** Alarms. */
  readonly errors: readonly string[];
}

interface StatusResponse {
  readonly header: { readonly cluster_id: string; readonly member_id: string };
  readonly version: string;
  readonly leader: string;
  readonly dbSize: string;
  readonly dbSizeInUse: string;
  readonly errors: readonly string[];
}

export interface DialOptions {
  readonly keepAlive: KeepAlive;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
}

const dialDeadlineMs = 5000;

/**
 * A client that has proved to work, at the first endpoint that answers, in random order.
 * @throws EtcdFault of the last endpoint when none does, EtcdConfigError for certificates that cannot be used.
 */
export async function dial(
  settings: EtcdSettings,
  { keepAlive, random, signal }: DialOptions,
): Promise<{ client: EtcdClient; status: MemberStatus }> {
  const { endpoints, login } = settings.config;
  let last: EtcdFault | undefined;
  for (const endpoint of shuffled(endpoints, random)) {
    const channel = openChannel(endpoint, settings, keepAlive);
    const client = new EtcdClient({ endpoint, channel, ...(login ? { login } : {}) });
    try {
      return { client, status: await memberStatus(client, { signal, deadlineMs: dialDeadlineMs }) };
    } catch (error) {
      client.close();
      if (!(error instanceof EtcdFault)) throw error;
      last = new EtcdFault(`${endpoint}: ${error.message}`, error.kind, { cause: error });
    }
  }
  throw last ?? new EtcdFault('no available endpoints', 'unavailable');
}

/** Asks the member itself; says nothing about the cluster's quorum. @throws EtcdFault. */
export async function memberStatus(client: EtcdClient, options: KvCallOptions): Promise<MemberStatus> {
  const answer = await client.call<StatusResponse>('Maintenance', 'Status', {}, options);
  return {
    version: answer.version,
    clusterId: hex(answer.header.cluster_id),
    memberId: hex(answer.header.member_id),
    leader: hex(answer.leader),
    dbSizeBytes: Number(answer.dbSize),
    dbSizeInUseBytes: Number(answer.dbSizeInUse),
    errors: answer.errors,
  };
}

function hex(decimal: string): string {
  return BigInt(decimal).toString(16);
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

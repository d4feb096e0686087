import type { ClientSource } from './etcd-kv.js';
import { EtcdFault, type LeaseId } from './kv.js';
import { LinkedAbort } from './linked-abort.js';

export interface LeaseState {
  readonly grantedSeconds: number;
  /** -1: the lease is dead. */
  readonly remainingSeconds: number;
}

/** etcd's calls about leases. Each has a deadline and rejects with EtcdFault. */
export interface LeaseCalls {
  grant(ttlSeconds: number): Promise<{ readonly lease: LeaseId; readonly ttlSeconds: number }>;
  state(lease: LeaseId): Promise<LeaseState>;
  /** Renews all; `onReply` hears of each at once, with 0 for a dead one. Resolves when every lease was answered for. */
  keepAlive(
    leases: readonly LeaseId[],
    onReply: (lease: LeaseId, ttlSeconds: number) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

const keepAliveDeadlineMs = 10_000;

export class LeaseClient implements LeaseCalls {
  constructor(private readonly client: ClientSource) {}

  async grant(ttlSeconds: number): Promise<{ lease: LeaseId; ttlSeconds: number }> {
    const request = { TTL: ttlSeconds, ID: 0 };
    const { ID, TTL } = await this.client().call<{ ID: string; TTL: string }>('Lease', 'LeaseGrant', request);
    return { lease: ID, ttlSeconds: Number(TTL) };
  }

  async state(lease: LeaseId): Promise<LeaseState> {
    const request = { ID: lease, keys: false };
    const answer = await this.client().call<{ TTL: string; grantedTTL: string }>(
      'Lease',
      'LeaseTimeToLive',
      request,
    );
    return { grantedSeconds: Number(answer.grantedTTL), remainingSeconds: Number(answer.TTL) };
  }

  async keepAlive(
    leases: readonly LeaseId[],
    onReply: (lease: LeaseId, ttlSeconds: number) => void,
    signal: AbortSignal,
  ): Promise<void> {
    if (leases.length === 0) return;
    const client = this.client();
    const rpc = await client.rpc('Lease', 'LeaseKeepAlive');
    const finish = new LinkedAbort(signal);
    let open = leases.length;
    let settle: (fault: EtcdFault) => void = () => undefined;
    const ended = new Promise<EtcdFault>((resolve) => {
      settle = resolve;
    });
    const handler = {
      onData: (answer: object) => {
        const { ID, TTL } = answer as { ID: string; TTL: string };
        open--;
        onReply(ID, Number(TTL));
        if (open === 0) finish.abort();
      },
      onEnd: (fault: EtcdFault) => settle(fault),
    };
    const options = { signal: finish.signal, deadlineMs: keepAliveDeadlineMs };
    try {
      const stream = await client.stream(rpc, handler, options);
      for (const lease of leases) stream.send({ ID: lease });
      const fault = await ended;
      if (open > 0) throw fault;
    } finally {
      finish.release();
    }
  }
}

import type { Bytes } from '../../common/bytes.js';
import type { ClientSource } from './etcd-kv.js';
import type { KvCallOptions, KvOp } from './kv.js';

export interface GuardedWrite {
  readonly op: KvOp;
  /** The revision that the key must still have; 0: it must be absent. */
  readonly modRevision: number;
}

/** Writes to keys that others write too: none takes place over what the caller has not seen. */
export interface GuardedKv {
  /**
   * All in one request, each under its own condition; keys must differ. Returns for each whether it took place. Rejects with
   * EtcdFault, then none did, or it is not known.
   */
  writeUnchanged(writes: readonly GuardedWrite[], options?: KvCallOptions): Promise<readonly boolean[]>;
}

export const GUARDED_KV = Symbol('GuardedKv');

interface TxnAnswer {
  readonly responses: readonly { readonly response_txn?: { readonly succeeded?: boolean } | null }[];
}

/** Nested transactions, which etcd has since 3.3: the outer one carries them all, each inner one has its condition. */
export class EtcdGuardedKv implements GuardedKv {
  constructor(private readonly client: ClientSource) {}

  async writeUnchanged(
    writes: readonly GuardedWrite[],
    options?: KvCallOptions,
  ): Promise<readonly boolean[]> {
    const success = writes.map(({ op, modRevision }) => ({
      request_txn: {
        compare: [{ result: 'Equal', target: 'Mod', key: buffer(op.key), mod_revision: String(modRevision) }],
        success: [request(op)],
      },
    }));
    const { responses } = await this.client().call<TxnAnswer>('KV', 'Txn', { success }, options);
    return writes.map((_, index) => responses[index]?.response_txn?.succeeded === true);
  }
}

function request(op: KvOp): object {
  const key = buffer(op.key);
  if (op.type === 'delete') return { request_delete_range: { key } };
  return { request_put: { key, value: buffer(op.value), lease: op.lease ?? '0' } };
}

function buffer(bytes: Bytes): Buffer {
  return Buffer.from(bytes, 'latin1');
}

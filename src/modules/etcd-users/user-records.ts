import { bytesOf, textOf } from '../../common/bytes.js';
import type { Kv } from '../etcd/kv.js';

/** What we did to a user of etcd, so that we can take it back when the user leaves the file, also after a restart. */
export interface UserRecord {
  /** The role that we granted. */
  readonly role: string;
  /** We made the user; otherwise it was there before, and only the role is ours. */
  readonly created: boolean;
}

/**
 * Outside of all that the roles `remote` and `local` may read; `externalworkload` may read every key. Without a lease: it lasts as
 * long as the users do, which etcd keeps itself.
 */
const prefix = 'cilium/.users/v1/';

/** The records in etcd, one key a user. Calls reject with EtcdFault. */
export class UserRecords {
  constructor(private readonly kv: Kv) {}

  async list(signal: AbortSignal): Promise<ReadonlyMap<string, UserRecord>> {
    const records = new Map<string, UserRecord>();
    for await (const { entries } of this.kv.range(prefix, { signal })) {
      for (const { key, value } of entries) {
        const record = recordOf(textOf(value));
        if (record) records.set(textOf(key.slice(prefix.length)), record);
      }
    }
    return records;
  }

  async put(user: string, { role, created }: UserRecord, signal: AbortSignal): Promise<void> {
    const value = bytesOf(JSON.stringify({ role, created }));
    await this.kv.txn([{ type: 'put', key: keyOf(user), value }], { signal });
  }

  async delete(user: string, signal: AbortSignal): Promise<void> {
    await this.kv.txn([{ type: 'delete', key: keyOf(user) }], { signal });
  }
}

function keyOf(user: string): string {
  return prefix + bytesOf(user);
}

/** undefined for what is none of ours: a user is never removed on the word of a value that we have not written. */
function recordOf(value: string): UserRecord | undefined {
  try {
    const { role, created } = JSON.parse(value) as Record<string, unknown>;
    return typeof role === 'string' && typeof created === 'boolean' ? { role, created } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

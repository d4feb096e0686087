import { Etcd3 } from 'etcd3';

export interface StoredKey {
  /** The value's bytes as latin1 text: equal texts are equal bytes. */
  readonly value: string;
  readonly modRevision: string;
  readonly lease: string;
}

/** Never opens: a test kills etcd and expects the next call to try again. */
const noCircuitBreaker = {
  execute: <T>(fn: (context: never) => PromiseLike<T> | T) => Promise.resolve(fn(undefined as never)),
};

/** What etcd really holds, and somebody else's hand in it. Reads and writes past the program under test. */
export class EtcdProbe {
  private readonly client: Etcd3;

  constructor(endpoint: string) {
    this.client = new Etcd3({
      hosts: endpoint,
      faultHandling: { host: () => noCircuitBreaker as never, global: noCircuitBreaker as never },
      defaultCallOptions: (call) => (call.isStream ? {} : { deadline: Date.now() + 5_000 }),
      grpcOptions: { 'grpc.max_receive_message_length': -1, 'grpc.max_reconnect_backoff_ms': 500 },
    });
  }

  /** Every key under a prefix (latin1 text of its bytes), in key order. */
  async snapshot(prefix: string): Promise<Map<string, StoredKey>> {
    const { kvs } = await this.client.kv.range({ key: bytes(prefix), range_end: prefixEnd(prefix) });
    return new Map(
      kvs.map(({ key, value, mod_revision, lease }) => [
        key.toString('latin1'),
        { value: value.toString('latin1'), modRevision: mod_revision, lease },
      ]),
    );
  }

  async get(key: string): Promise<StoredKey | undefined> {
    const { kvs } = await this.client.kv.range({ key: bytes(key) });
    const [kv] = kvs;
    return kv && { value: kv.value.toString('latin1'), modRevision: kv.mod_revision, lease: kv.lease };
  }

  /** The value's text, undefined when the key is absent. */
  async text(key: string): Promise<string | undefined> {
    const stored = await this.get(key);
    return stored && Buffer.from(stored.value, 'latin1').toString('utf8');
  }

  async put(key: string, value: string, lease = '0'): Promise<void> {
    await this.client.kv.put({ key: bytes(key), value: bytes(value), lease });
  }

  async delete(key: string): Promise<void> {
    await this.client.kv.deleteRange({ key: bytes(key) });
  }

  async deletePrefix(prefix: string): Promise<void> {
    await this.client.kv.deleteRange({ key: bytes(prefix), range_end: prefixEnd(prefix) });
  }

  async revoke(lease: string): Promise<void> {
    await this.client.leaseClient.leaseRevoke({ ID: lease });
  }

  close(): void {
    this.client.close();
  }
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

/** The first key after all keys with this prefix: its last byte plus one. Prefixes end with `/`, so that byte is no 0xff. */
function prefixEnd(prefix: string): Buffer {
  const end = bytes(prefix);
  end[end.length - 1]! += 1;
  return end;
}

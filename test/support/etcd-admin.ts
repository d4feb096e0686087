import { Etcd3, type IKeyValue, type IResponseHeader } from 'etcd3';
import type { Issuer } from './certs.js';

const noop = {
  execute: <T>(fn: (context: never) => PromiseLike<T> | T) => Promise.resolve(fn(undefined as never)),
} as never;

/**
 * Raw access to an etcd past the program under test. Keys and values are texts (UTF-8). Every call has a deadline of 5 s and
 * none is retried.
 */
export class EtcdAdmin {
  private readonly raw: Promise<Etcd3>;

  /** @param user the name in the client's certificate. */
  constructor(endpoint: string, tls?: Issuer, user = 'root') {
    this.raw = build(endpoint, tls, user);
  }

  /** etcd3 itself, for what has no method here: leases, users, maintenance. */
  etcd3(): Promise<Etcd3> {
    return this.raw;
  }

  /** undefined: the key is absent. */
  async get(key: string): Promise<string | undefined> {
    return (await this.entry(key))?.value.toString();
  }

  async entry(key: string): Promise<IKeyValue | undefined> {
    return (await (await this.raw).kv.range({ key: bytes(key) })).kvs[0];
  }

  /** Everything under a prefix in key order; '' is everything. */
  async list(prefix: string): Promise<[key: string, value: string][]> {
    return (await this.entries(prefix)).map(({ key, value }) => [key.toString(), value.toString()]);
  }

  async entries(prefix: string): Promise<IKeyValue[]> {
    const range = { key: bytes(prefix || '\0'), range_end: prefixEnd(prefix) };
    return (await (await this.raw).kv.range(range)).kvs;
  }

  async put(key: string, value: string, lease = '0'): Promise<number> {
    return revision((await (await this.raw).kv.put({ key: bytes(key), value: bytes(value), lease })).header);
  }

  async delete(key: string): Promise<number> {
    return revision((await (await this.raw).kv.deleteRange({ key: bytes(key) })).header);
  }

  async deletePrefix(prefix: string): Promise<number> {
    const range = { key: bytes(prefix), range_end: prefixEnd(prefix) };
    return revision((await (await this.raw).kv.deleteRange(range)).header);
  }

  /** All leases that etcd knows, decimal. */
  async leases(): Promise<string[]> {
    return (await (await this.raw).leaseClient.leaseLeases()).leases.map(({ ID }) => ID);
  }

  /** @returns the lease, decimal. */
  async grant(ttlSeconds: number): Promise<string> {
    return (await (await this.raw).leaseClient.leaseGrant({ TTL: ttlSeconds, ID: 0 })).ID;
  }

  async revoke(lease: string): Promise<void> {
    await (await this.raw).leaseClient.leaseRevoke({ ID: lease });
  }

  /** Forgets the history before `at`, at once. */
  async compact(at: number): Promise<void> {
    await (await this.raw).kv.compact({ revision: at, physical: true });
  }

  /** The store's revision now. */
  async revision(): Promise<number> {
    return revision((await (await this.raw).kv.range({ key: bytes('\0'), count_only: true })).header);
  }

  close(): void {
    void this.raw.then((etcd) => etcd.close());
  }
}

async function build(endpoint: string, tls: Issuer | undefined, user: string): Promise<Etcd3> {
  const pair = await tls?.issue(user);
  return new Etcd3({
    hosts: endpoint,
    ...(tls && pair
      ? {
          credentials: {
            rootCertificate: Buffer.from(tls.cert),
            privateKey: Buffer.from(pair.key),
            certChain: Buffer.from(pair.cert),
          },
        }
      : {}),
    faultHandling: { host: () => noop, global: noop },
    defaultCallOptions: (call) => (call.isStream ? {} : { deadline: Date.now() + 5_000 }),
    grpcOptions: {
      'grpc.max_receive_message_length': -1,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 500,
    },
  });
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

function revision(header: IResponseHeader): number {
  return Number(header.revision);
}

/** The first key after all keys with this prefix, which never ends with 0xff. */
function prefixEnd(prefix: string): Buffer {
  // etcd's own way to say: to the last one.
  if (prefix === '') return bytes('\0');
  const end = bytes(prefix);
  end[end.length - 1]! += 1;
  return end;
}

import { EtcdClient, type EtcdClientOptions, type EtcdStream } from '../etcd-client.js';
import type { StreamHandler, StreamOptions } from '../etcd-client.js';
import type { Rpc } from '../etcd-stubs.js';
import { EtcdFault, type KvCallOptions } from '../kv.js';
import { lengthField, varintField, WireReader } from '../wire/wire-reader.js';

/** The requests that may be sent to one remote etcd: `etcd.qps`, as for the local one. */
export interface RequestBudget {
  /** Resolves false when the signal aborts first. */
  take(signal?: AbortSignal): Promise<boolean>;
  /** One request that took() let pass has been answered. */
  done(ms: number, outcome: 'success' | 'fail'): void;
}

export interface GuardedClientOptions extends EtcdClientOptions {
  readonly budget: RequestBudget;
}

/**
 * A client that reads one etcd cluster and no other: behind the same address another replica, or a new etcd, may answer one
 * day, whose revisions mean nothing to a watch that was begun on the first (spec/kvstoremesh.md §11.3). Every answer says
 * which cluster it comes from; the first one decides, and a different one fails the call and is told.
 */
export class GuardedClient extends EtcdClient {
  private expected: string | undefined;
  private violation: EtcdFault | undefined;

  constructor(private readonly guard: GuardedClientOptions) {
    super(guard);
  }

  /** Hexadecimal, as etcdctl prints it; '' before the first answer. */
  get clusterId(): string {
    return this.expected ?? '';
  }

  /** Set when another cluster answered. */
  get foreign(): EtcdFault | undefined {
    return this.violation;
  }

  override async request<Request, Response>(
    rpc: Rpc<Request, Response>,
    request: Request,
    options: KvCallOptions = {},
  ): Promise<Response> {
    await this.admission(options.signal);
    const started = performance.now();
    try {
      const response = await super.request(this.guarded(rpc), request, options);
      this.guard.budget.done(performance.now() - started, 'success');
      return response;
    } catch (error) {
      this.guard.budget.done(performance.now() - started, 'fail');
      throw this.violation ?? error;
    }
  }

  override async stream<Request, Response>(
    rpc: Rpc<Request, Response>,
    handler: StreamHandler<Response>,
    options: StreamOptions,
  ): Promise<EtcdStream<Request>> {
    await this.admission(options.signal);
    this.guard.budget.done(0, 'success');
    return super.stream(this.guarded(rpc), handler, options);
  }

  private async admission(signal: AbortSignal | undefined): Promise<void> {
    if (!(await this.guard.budget.take(signal))) throw new EtcdFault('cancelled', 'aborted');
  }

  private guarded<Request, Response>(rpc: Rpc<Request, Response>): Rpc<Request, Response> {
    const decode = (buffer: Buffer): Response => {
      this.check(buffer);
      return rpc.decode(buffer);
    };
    return { path: rpc.path, encode: rpc.encode, decode };
  }

  private check(buffer: Buffer): void {
    const id = clusterIdOf(buffer);
    if (id !== undefined && (this.expected ?? id) === id) {
      this.expected = id;
      return;
    }
    const text =
      id === undefined
        ? 'etcd answered without saying which cluster it is'
        : `etcd cluster ID has changed: expected ${this.clusterId}, got ${id}`;
    this.violation ??= new EtcdFault(text, 'other');
    throw this.violation;
  }
}

/** Every answer of etcd begins with its header (field 1), whose field 1 is the cluster's id. */
function clusterIdOf(buffer: Buffer): string | undefined {
  const reader = new WireReader(buffer);
  while (!reader.done) {
    const tag = reader.uint();
    if (tag === lengthField(1)) return idInHeader(reader);
    reader.skip(tag);
  }
  return undefined;
}

function idInHeader(reader: WireReader): string | undefined {
  const end = reader.end();
  while (reader.before(end)) {
    const tag = reader.uint();
    if (tag === varintField(1)) return BigInt.asUintN(64, BigInt(reader.lease())).toString(16);
    reader.skip(tag);
  }
  return undefined;
}

import type { Channel, Client } from '@grpc/grpc-js';
import { Etcd3 } from 'etcd3';

export type EtcdServiceName = 'KV' | 'Lease' | 'Watch' | 'Maintenance' | 'Auth';

/** One remote procedure: `/etcdserverpb.KV/Txn` and how its messages are written. */
export interface Rpc<Request, Response> {
  readonly path: string;
  readonly encode: (request: Request) => Buffer;
  readonly decode: (buffer: Buffer) => Response;
}

const noPolicy = {
  execute: (call: (context: never) => unknown) => Promise.resolve(call(undefined as never)),
} as never;

/** A generated gRPC class: its procedures by name. */
interface Generated {
  readonly service: Readonly<
    Record<
      string,
      {
        path: string;
        requestSerialize: (value: object) => Buffer;
        responseDeserialize: (value: Buffer) => object;
      }
    >
  >;
}

/**
 * What this program takes of etcd3: the services and codecs that it makes of rpc.proto, on a channel of ours. Its retries and
 * circuit breakers are off, as one policy must rule; its builders, watches and leases are not used, as they lose events and
 * notice lost leases late.
 */
export class EtcdStubs extends Etcd3 {
  private readonly known = new Map<string, Promise<Rpc<object, object>>>();

  constructor(endpoint: string, channel: Channel) {
    super({
      hosts: endpoint,
      grpcOptions: { channelOverride: channel },
      faultHandling: { host: () => noPolicy, global: noPolicy },
    });
  }

  /** Any service's client can make any call: they share the channel. */
  service(name: EtcdServiceName): Promise<Client> {
    return this.pool.withConnection(name, ({ client }) => client);
  }

  /** etcd3's codec of a procedure: int64 as texts, bytes as Buffers, enums as names. */
  rpc(service: EtcdServiceName, method: string): Promise<Rpc<object, object>> {
    const name = `${service}.${method}`;
    let rpc = this.known.get(name);
    if (!rpc) {
      rpc = this.lookUp(service, method);
      this.known.set(name, rpc);
    }
    return rpc;
  }

  private async lookUp(service: EtcdServiceName, method: string): Promise<Rpc<object, object>> {
    const client = await this.service(service);
    const definition = (client.constructor as unknown as Generated).service[method];
    if (!definition) throw new Error(`rpc.proto has no ${service}.${method}`);
    return {
      path: definition.path,
      encode: definition.requestSerialize,
      decode: definition.responseDeserialize,
    };
  }
}

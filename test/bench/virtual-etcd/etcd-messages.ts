import { Etcd3 } from 'etcd3';
import type { VirtualCluster, VirtualEntry } from './virtual-cluster.js';
import { WireWriter } from './wire-writer.js';

/** etcdserverpb.RangeRequest as etcd3's codec reads it. */
export interface RangeRequest {
  readonly key: Buffer;
  readonly range_end: Buffer;
  readonly limit: string;
}

/** etcdserverpb.WatchRequest, one of the three. */
export interface WatchRequest {
  readonly create_request?: {
    readonly key: Buffer;
    readonly range_end: Buffer;
    readonly start_revision: string;
  };
  readonly cancel_request?: { readonly watch_id: string };
  readonly progress_request?: object;
}

type Decode<Request> = (buffer: Buffer) => Request;

/** A generated gRPC class: its procedures by name. */
interface Generated {
  readonly service: Readonly<Record<string, { readonly requestDeserialize: Decode<unknown> }>>;
}

/** Requests are read by what etcd3 makes of etcd's own rpc.proto. */
class Codecs extends Etcd3 {
  async decoder<Request>(service: 'KV' | 'Watch', method: string): Promise<Decode<Request>> {
    const client = await this.pool.withConnection(service, (connection) => connection.client);
    const definition = (client.constructor as unknown as Generated).service[method];
    if (!definition) throw new Error(`rpc.proto has no ${service}.${method}`);
    return definition.requestDeserialize as Decode<Request>;
  }
}

export interface RequestCodecs {
  readonly range: Decode<RangeRequest>;
  readonly watch: Decode<WatchRequest>;
}

export async function requestCodecs(): Promise<RequestCodecs> {
  const codecs = new Codecs({ hosts: 'http://127.0.0.1:1' });
  const [range, watch] = await Promise.all([
    codecs.decoder<RangeRequest>('KV', 'Range'),
    codecs.decoder<WatchRequest>('Watch', 'Watch'),
  ]);
  codecs.close();
  return { range, watch };
}

/** Answers are written by hand: the load generator shares the machine with what is measured. */
export function rangeResponse(
  cluster: VirtualCluster,
  { entries, more }: { entries: readonly VirtualEntry[]; more: boolean },
): Buffer {
  const writer = new WireWriter(512 + entries.length * 512);
  header(writer, cluster);
  for (const entry of entries) writer.message(2, () => keyValue(writer, entry));
  return writer.uint(3, Number(more)).uint(4, entries.length).finish();
}

export function watchCreated(cluster: VirtualCluster, watchId: number): Buffer {
  return header(new WireWriter(), cluster).uint(2, watchId).uint(3, 1).finish();
}

export function watchCanceled(cluster: VirtualCluster, watchId: number): Buffer {
  return header(new WireWriter(), cluster).uint(2, watchId).uint(4, 1).finish();
}

/** Of all watches of a stream. */
export function watchProgress(cluster: VirtualCluster): Buffer {
  return header(new WireWriter(), cluster).minusOne(2).finish();
}

export function watchEvent(cluster: VirtualCluster, watchId: number, entry: VirtualEntry): Buffer {
  const writer = header(new WireWriter(1024), cluster).uint(2, watchId);
  const event = (): void => {
    writer.uint(1, Number(entry.value === undefined)).message(2, () => keyValue(writer, entry));
  };
  return writer.message(11, event).finish();
}

function header(writer: WireWriter, { id, revision }: VirtualCluster): WireWriter {
  return writer.message(1, () =>
    writer
      .uint(1, 0xc000 + id)
      .uint(2, 1)
      .uint(3, revision)
      .uint(4, 2),
  );
}

function keyValue(writer: WireWriter, { key, value, revision }: VirtualEntry): void {
  // A deletion carries the key and the revision only.
  const version = value === undefined ? 0 : 1;
  writer
    .text(1, key)
    .uint(2, revision * version)
    .uint(3, revision)
    .uint(4, version)
    .text(5, value ?? '');
}

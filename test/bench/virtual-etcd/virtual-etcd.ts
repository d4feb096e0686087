import {
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type handleBidiStreamingCall,
  type handleUnaryCall,
} from '@grpc/grpc-js';
import {
  type RangeRequest,
  rangeResponse,
  type RequestCodecs,
  requestCodecs,
  watchCanceled,
  watchCreated,
  watchEvent,
  watchProgress,
  type WatchRequest,
} from './etcd-messages.js';
import { VirtualCluster } from './virtual-cluster.js';
import type { VirtualShape } from './virtual-objects.js';

/** A virtual cluster and where its etcd listens. */
export interface VirtualMember {
  readonly cluster: VirtualCluster;
  readonly endpoint: string;
}

/**
 * Many etcds in this process, each on a port of its own of 127.0.0.1, as far as a reader needs them: lists with pages, watches
 * with progress requests. Every other call is answered UNIMPLEMENTED: whoever tries to write to a remote cluster finds out.
 */
export class VirtualEtcds {
  private readonly servers: Server[] = [];

  private constructor(readonly members: readonly VirtualMember[]) {}

  static async start(clusters: number, shape: VirtualShape): Promise<VirtualEtcds> {
    const codecs = await requestCodecs();
    const servers: Server[] = [];
    const members: VirtualMember[] = [];
    for (let id = 1; id <= clusters; id++) {
      const cluster = new VirtualCluster(`cluster-${String(id).padStart(3, '0')}`, id, shape);
      const server = new Server();
      server.addService(
        { range: rangeOf(codecs), watch: watchOf(codecs) },
        { range: answerRange(cluster), watch: answerWatch(cluster) },
      );
      servers.push(server);
      members.push({ cluster, endpoint: `http://127.0.0.1:${String(await bind(server))}` });
    }
    const etcds = new VirtualEtcds(members);
    etcds.servers.push(...servers);
    return etcds;
  }

  stop(): void {
    for (const server of this.servers) server.forceShutdown();
  }
}

function bind(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(error);
      else resolve(port);
    });
  });
}

const asIs = (buffer: Buffer): Buffer => buffer;

/** Answers come as the bytes that go out. */
function definition<Request>(path: string, stream: boolean, decode: (buffer: Buffer) => Request) {
  const method: MethodDefinition<Request, Buffer> = {
    path,
    requestStream: stream,
    responseStream: stream,
    requestSerialize: () => Buffer.alloc(0),
    requestDeserialize: decode,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
  return method;
}

const rangeOf = ({ range }: RequestCodecs) => definition('/etcdserverpb.KV/Range', false, range);
const watchOf = ({ watch }: RequestCodecs) => definition('/etcdserverpb.Watch/Watch', true, watch);

const text = (bytes: Buffer): string => bytes.toString('latin1');

function answerRange(cluster: VirtualCluster): handleUnaryCall<RangeRequest, Buffer> {
  return ({ request }, callback) => {
    const { key, range_end, limit } = request;
    const found = cluster.range({ from: text(key), to: text(range_end), limit: Number(limit) });
    callback(null, rangeResponse(cluster, found));
  };
}

function answerWatch(cluster: VirtualCluster): handleBidiStreamingCall<WatchRequest, Buffer> {
  return (call) => {
    const stream = new WatchCall(cluster, call);
    call.on('data', (request: WatchRequest) => stream.receive(request));
    call.on('end', () => {
      stream.end();
      call.end();
    });
    call.on('cancelled', () => stream.end());
    call.on('error', () => stream.end());
  };
}

/** One stream with its watches. */
class WatchCall {
  private readonly watches = new Map<number, () => void>();
  private nextId = 0;

  constructor(
    private readonly cluster: VirtualCluster,
    private readonly call: ServerDuplexStream<WatchRequest, Buffer>,
  ) {}

  receive({ create_request, cancel_request, progress_request }: WatchRequest): void {
    if (create_request) this.create(create_request);
    else if (cancel_request) this.cancel(Number(cancel_request.watch_id));
    else if (progress_request) this.call.write(watchProgress(this.cluster));
  }

  end(): void {
    for (const stop of this.watches.values()) stop();
    this.watches.clear();
  }

  private create({ key, range_end, start_revision }: NonNullable<WatchRequest['create_request']>): void {
    const id = this.nextId++;
    const [from, to] = [text(key), text(range_end)];
    this.call.write(watchCreated(this.cluster, id));
    const stop = this.cluster.watch(Number(start_revision), (entry) => {
      const matches = to === '' ? entry.key === from : entry.key >= from && entry.key < to;
      if (matches) this.call.write(watchEvent(this.cluster, id, entry));
    });
    this.watches.set(id, stop);
  }

  private cancel(id: number): void {
    this.watches.get(id)?.();
    this.watches.delete(id);
    this.call.write(watchCanceled(this.cluster, id));
  }
}

import { setMaxListeners } from 'node:events';
import {
  type Channel,
  type Client,
  type ClientDuplexStream,
  connectivityState,
  Metadata,
  type StatusObject,
} from '@grpc/grpc-js';
import { etcdFault } from './etcd-fault.js';
import { type EtcdServiceName, EtcdStubs, type Rpc } from './etcd-stubs.js';
import { EtcdFault, type KvCallOptions } from './kv.js';

export interface EtcdClientOptions {
  readonly endpoint: string;
  readonly channel: Channel;
  readonly login?: { readonly username: string; readonly password: string };
}

export interface StreamHandler<Response> {
  /** Not after an abort. */
  onData(message: Response): void;
  /** Once, whatever ended it. */
  onEnd(fault: EtcdFault): void;
}

export interface StreamOptions {
  readonly signal: AbortSignal;
  /** ms for the whole stream; default: none. */
  readonly deadlineMs?: number;
  /** A member that lost its leader breaks the stream off instead of keeping silent. */
  readonly requireLeader?: boolean;
}

export interface EtcdStream<Request> {
  send(request: Request): void;
}

/** Users that change without end are somebody's mistake. */
const mostSends = 10;
const staleRights = /revision of auth store is old/;
const defaultDeadlineMs = 10_000;
const cancelDelayMs = 30;

/**
 * Never call.cancel() in the turn of whatever gave the reason: it may be the reset of another stream, which Node 20 tells from
 * within nghttp2's own callback. A cancellation then sends what is pending, asks the half-closed stream for its data and gets
 * none without end: the process hangs in native code until its memory is used up. Timers run outside of that callback.
 */
function cancelSoon(call: { cancel(): void }): void {
  setTimeout(() => call.cancel(), cancelDelayMs);
}

/**
 * One connection to one etcd member: calls with deadlines, streams, an orderly end. Retries nothing but a call whose
 * password token had expired, once. When certificates change the EtcdConnection makes a new one of these.
 */
export class EtcdClient {
  private readonly stubs: EtcdStubs;
  private readonly caller: Promise<Client>;
  private readonly closing = new AbortController();
  private inFlightCalls = 0;
  private token: Promise<Metadata> | undefined;

  constructor(private readonly options: EtcdClientOptions) {
    this.stubs = new EtcdStubs(options.endpoint, options.channel);
    this.caller = this.stubs.service('KV');
    // One listener a stream: many are no leak.
    setMaxListeners(0, this.closing.signal);
  }

  get endpoint(): string {
    return this.options.endpoint;
  }

  get inFlight(): number {
    return this.inFlightCalls;
  }

  get connected(): boolean {
    return this.options.channel.getConnectivityState(false) === connectivityState.READY;
  }

  /** Calls back at each change of the channel's state until the client is closed. */
  onStateChange(listener: () => void): void {
    const { channel } = this.options;
    channel.watchConnectivityState(channel.getConnectivityState(false), Infinity, () => {
      // gRPC throws at those who watch a closed channel.
      if (this.closing.signal.aborted) return;
      listener();
      this.onStateChange(listener);
    });
  }

  /** A call by etcd3's codecs, see EtcdStubs.rpc. @throws EtcdFault. */
  async call<Response>(
    service: EtcdServiceName,
    method: string,
    request: object,
    options?: KvCallOptions,
  ): Promise<Response> {
    return (await this.request(await this.stubs.rpc(service, method), request, options)) as Response;
  }

  /** @throws EtcdFault. */
  async request<Request, Response>(
    rpc: Rpc<Request, Response>,
    request: Request,
    options: KvCallOptions = {},
  ): Promise<Response> {
    for (let sends = 1; ; sends++) {
      try {
        return await this.send(rpc, request, options, await this.metadata());
      } catch (error) {
        if (!this.mayRepeat(error, sends)) throw error;
        this.forgetLogin();
      }
    }
  }

  /** etcd has not done it: our login is over, or users were changed while it was on its way, which etcd refuses. */
  private mayRepeat(error: unknown, sends: number): boolean {
    if (!(error instanceof EtcdFault) || error.kind !== 'unauthenticated') return false;
    if (staleRights.test(error.message)) return sends < mostSends;
    return this.options.login !== undefined && sends === 1;
  }

  /** etcd3's codec of a procedure, to be given to request() or stream(), whole or in part. */
  rpc(service: EtcdServiceName, method: string): Promise<Rpc<object, object>> {
    return this.stubs.rpc(service, method);
  }

  /** Opens a stream in both directions, which also ends when the client is closed. @throws EtcdFault. */
  async stream<Request, Response>(
    rpc: Rpc<Request, Response>,
    handler: StreamHandler<Response>,
    { signal, deadlineMs, requireLeader = false }: StreamOptions,
  ): Promise<EtcdStream<Request>> {
    const metadata = (await this.metadata()).clone();
    if (requireLeader) metadata.set('hasleader', 'true');
    const deadline = deadlineMs === undefined ? Infinity : Date.now() + deadlineMs;
    const client = await this.open();
    const call = client.makeBidiStreamRequest(rpc.path, rpc.encode, rpc.decode, metadata, { deadline });
    this.attach(call, handler, [signal, this.closing.signal]);
    return { send: (request) => call.write(request) };
  }

  /** The next call logs in again: for refusals that come as a message on a stream. */
  forgetLogin(): void {
    this.token = undefined;
  }

  /** Ends streams; calls under way, and those that begin in this turn, may finish before the connection is closed. */
  close(): void {
    this.closing.abort();
    setImmediate(() => this.options.channel.close());
  }

  private attach<Request, Response>(
    call: ClientDuplexStream<Request, Response>,
    handler: StreamHandler<Response>,
    ends: readonly AbortSignal[],
  ): void {
    const cancel = (): void => cancelSoon(call);
    for (const end of ends) end.addEventListener('abort', cancel, { once: true });
    call.on('data', (message: Response) => {
      if (!ends.some((end) => end.aborted)) handler.onData(message);
    });
    // 'status' follows and says the same.
    call.on('error', () => undefined);
    call.once('status', (status: StatusObject) => {
      for (const end of ends) end.removeEventListener('abort', cancel);
      const error = Object.assign(new Error(status.details || 'etcd ended the stream'), status);
      const fault = etcdFault(
        error,
        ends.find((end) => end.aborted),
      );
      if (fault.kind === 'unauthenticated') this.forgetLogin();
      handler.onEnd(fault);
    });
    if (ends.some((end) => end.aborted)) cancel();
  }

  private async send<Request, Response>(
    rpc: Rpc<Request, Response>,
    request: Request,
    { signal, deadlineMs = defaultDeadlineMs }: KvCallOptions,
    metadata: Metadata,
  ): Promise<Response> {
    const client = await this.open();
    if (signal?.aborted) throw new EtcdFault('cancelled', 'aborted');
    this.inFlightCalls++;
    return new Promise<Response>((resolve, reject) => {
      const cancel = (): void => cancelSoon(call);
      const done = (error: Error | null, response?: Response): void => {
        signal?.removeEventListener('abort', cancel);
        this.inFlightCalls--;
        if (error) reject(etcdFault(error, signal));
        else resolve(response as Response);
      };
      const deadline = Date.now() + deadlineMs;
      const call = client.makeUnaryRequest(
        rpc.path,
        rpc.encode,
        rpc.decode,
        request,
        metadata,
        { deadline },
        done,
      );
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  /** gRPC throws at calls on a closed channel. */
  private async open(): Promise<Client> {
    const client = await this.caller;
    if (this.options.channel.getConnectivityState(false) === connectivityState.SHUTDOWN) {
      throw new EtcdFault('the connection to etcd has been closed', 'unavailable');
    }
    return client;
  }

  /** With the token of the login, if there is one; concurrent calls share one login. */
  private metadata(): Promise<Metadata> {
    this.token ??= this.login().catch((error: unknown) => {
      this.token = undefined;
      throw error;
    });
    return this.token;
  }

  private async login(): Promise<Metadata> {
    const metadata = new Metadata();
    const { login } = this.options;
    if (!login) return metadata;
    const request = { name: login.username, password: login.password };
    const answer = await this.send(await this.stubs.rpc('Auth', 'Authenticate'), request, {}, metadata);
    metadata.set('token', (answer as { token: string }).token);
    return metadata;
  }
}

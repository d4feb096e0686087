import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A network between a client and a server on 127.0.0.1 that a test can break in the ways networks break. */
export class TcpProxy {
  private readonly pairs = new Set<[Socket, Socket]>();
  private refusing = false;
  private paused = false;
  private heard = 0;

  private constructor(
    private readonly server: Server,
    private targetPort: number,
  ) {}

  static async start(targetPort: number, address = '127.0.0.1'): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, targetPort);
    server.on('connection', (socket) => proxy.accept(socket));
    await new Promise<void>((resolve) => {
      server.listen(0, address, resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.pairs.size;
  }

  /** Pieces of data that came from the server. */
  get answers(): number {
    return this.heard;
  }

  /** New connections go there. */
  retarget(port: number): void {
    this.targetPort = port;
  }

  /** Bytes stop in both directions, connections stay: what a dropped route looks like. New ones hang as well. */
  pause(): void {
    this.paused = true;
    for (const pair of this.pairs) for (const socket of pair) socket.pause();
  }

  /** Resets every connection; with `refuse`, new ones too until resume(). */
  cut({ refuse = true } = {}): void {
    this.refusing = refuse;
    for (const pair of this.pairs) for (const socket of pair) socket.resetAndDestroy();
  }

  resume(): void {
    this.refusing = false;
    this.paused = false;
    for (const pair of this.pairs) for (const socket of pair) socket.resume();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
  }

  private accept(near: Socket): void {
    if (this.refusing) {
      near.resetAndDestroy();
      return;
    }
    const far = connect(this.targetPort, '127.0.0.1');
    const pair: [Socket, Socket] = [near, far];
    this.pairs.add(pair);
    far.on('data', () => this.heard++);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.on('data', (chunk) => to.write(chunk));
      // A reset is what the test asked for.
      from.on('error', () => to.destroy());
      from.on('close', () => {
        to.destroy();
        this.pairs.delete(pair);
      });
      if (this.paused) from.pause();
    }
  }
}

import { type ClientHttp2Session, connect } from 'node:http2';
import { WireWriter } from './virtual-etcd/wire-writer.js';

/** Puts into an etcd without TLS and without a gRPC library, which was most of the load's own CPU: it must leave something of two cores. */
export class RawPuts {
  private readonly session: ClientHttp2Session;

  constructor(endpoint: string) {
    this.session = connect(endpoint);
  }

  /** Both texts are ASCII. @throws Error when etcd does not take it. */
  put(key: string, value: string): Promise<void> {
    const message = new WireWriter(value.length + key.length + 32).text(1, key).text(2, value).finish();
    const frame = Buffer.allocUnsafe(5 + message.length);
    frame[0] = 0; // not compressed
    frame.writeUInt32BE(message.length, 1);
    message.copy(frame, 5);
    const request = this.session.request({
      ':method': 'POST',
      ':path': '/etcdserverpb.KV/Put',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    return new Promise((resolve, reject) => {
      let status: unknown;
      const seen = (headers: Record<string, unknown>): void => {
        status = headers['grpc-status'] ?? status;
      };
      request.on('response', seen);
      request.on('trailers', seen);
      request.on('error', reject);
      request.on('end', () => {
        if (status === '0') resolve();
        else reject(new Error(`put ${key}: grpc-status ${String(status)}`));
      });
      request.resume();
      request.end(frame);
    });
  }

  close(): void {
    this.session.close();
  }
}

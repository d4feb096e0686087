import { Agent, get } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { BenchLab } from './bench-lab.js';

const path = '/apis/cilium.io/v2/ciliumendpoints';
const batchSize = 128;

/**
 * The floor of a change's way: the API server's watch, and puts in transactions of 128, the next as soon as etcd has answered.
 * The text of an event is searched for what is needed, not parsed; there is no desired state, no lease, no budget.
 */
export class RawRelay {
  private readonly waiting = new Map<string, string>();
  private writing = false;
  private failure: Error | undefined;

  private constructor(
    private readonly lab: BenchLab,
    private readonly prefix: string,
    private readonly agent: Agent,
    stream: IncomingMessage,
  ) {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.event(line);
      void this.write();
    });
  }

  static async start(lab: BenchLab, prefix: string): Promise<RawRelay> {
    const { body } = await lab.kube.request('GET', `${path}?limit=1`);
    const { resourceVersion } = (body as { metadata: { resourceVersion: string } }).metadata;
    const agent = new Agent({ rejectUnauthorized: false });
    const url = `${lab.kube.url}${path}?watch=true&resourceVersion=${resourceVersion}`;
    const stream = await new Promise<IncomingMessage>((resolve, reject) => {
      get(url, { agent, headers: { authorization: 'Bearer admin-token' } }, resolve).on('error', reject);
    });
    if (stream.statusCode !== 200) throw new Error(`${url}: ${stream.statusCode}`);
    // Told by the end of it, when stop() destroys the agent.
    stream.on('error', () => undefined);
    return new RawRelay(lab, prefix, agent, stream);
  }

  /** @throws Error when a transaction failed. */
  stop(): void {
    this.agent.destroy();
    if (this.failure) throw this.failure;
  }

  private event(line: string): void {
    const ipv4 = /"ipv4":"([^"]+)"/.exec(line)?.[1];
    const id = /"identity":\{"id":(\d+)/.exec(line)?.[1];
    if (ipv4 !== undefined && id !== undefined)
      this.waiting.set(ipv4, `{"IP":"${ipv4}","Mask":null,"HostIP":"10.66.0.1","ID":${id},"Key":0}`);
  }

  private async write(): Promise<void> {
    if (this.writing) return;
    this.writing = true;
    try {
      const { kv } = await this.lab.probe.etcd3();
      while (this.waiting.size > 0) {
        const batch = [...this.waiting].slice(0, batchSize);
        for (const [ip] of batch) this.waiting.delete(ip);
        const success = batch.map(([ip, value]) => ({
          request_put: { key: Buffer.from(this.prefix + ip), value: Buffer.from(value) },
        }));
        await kv.txn({ compare: [], success, failure: [] });
      }
    } catch (error) {
      this.failure ??= error as Error;
    } finally {
      this.writing = false;
    }
  }
}

import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';

export interface EtcdEntry {
  readonly key: string;
  readonly value: string;
}

export interface EtcdChange {
  readonly type: 'put' | 'delete';
  readonly key: string;
  readonly value: string;
}

interface RawKv {
  readonly key?: string;
  readonly value?: string;
}

/** Reads etcd through its JSON gateway, as curl can: what the demo shows does not come from the program that it shows. */
export class EtcdGateway {
  constructor(private readonly endpoint: string) {}

  async healthy(): Promise<boolean> {
    const response = await fetch(`${this.endpoint}/health`);
    return (await response.text()).includes('"true"');
  }

  /** In key order. */
  async list(prefix: string): Promise<EtcdEntry[]> {
    const { kvs = [] } = (await this.range(prefix, {})) as { kvs?: RawKv[] };
    return kvs.map(({ key, value }) => ({ key: decode(key), value: decode(value) }));
  }

  async count(prefix: string): Promise<number> {
    const { count = '0' } = (await this.range(prefix, { count_only: true })) as { count?: string };
    return Number(count);
  }

  /**
   * Every change under a prefix, from now on, until the signal aborts.
   * @param onOpen called when the watch stands: no later change is missed
   */
  async *watch(
    prefix: string,
    signal: AbortSignal,
    onOpen: () => void = () => undefined,
  ): AsyncGenerator<EtcdChange> {
    const create_request = { key: encode(prefix), range_end: encode(prefixEnd(prefix)) };
    const body = await this.post('/v3/watch', { create_request }, signal);
    try {
      for await (const line of createInterface({ input: body })) {
        // The first line answers the request itself.
        onOpen();
        yield* changesIn(line);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  private async range(prefix: string, options: Record<string, unknown>): Promise<unknown> {
    const query = { key: encode(prefix), range_end: encode(prefixEnd(prefix)), ...options };
    const body = await this.post('/v3/kv/range', query);
    return JSON.parse((await body.toArray()).join('')) as unknown;
  }

  private async post(path: string, query: unknown, signal?: AbortSignal): Promise<Readable> {
    const response = await fetch(this.endpoint + path, {
      method: 'POST',
      body: JSON.stringify(query),
      ...(signal ? { signal } : {}),
    });
    if (!response.ok || !response.body) throw new Error(`etcd: ${path}: ${await response.text()}`);
    return Readable.fromWeb(response.body, { encoding: 'utf8' });
  }
}

function* changesIn(line: string): Generator<EtcdChange> {
  const { result } = JSON.parse(line) as { result?: { events?: { type?: string; kv: RawKv }[] } };
  for (const { type, kv } of result?.events ?? []) {
    yield { type: type === 'DELETE' ? 'delete' : 'put', key: decode(kv.key), value: decode(kv.value) };
  }
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

function decode(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString('utf8');
}

/** The first key after all that have the prefix, which ends in an ASCII character. */
function prefixEnd(prefix: string): string {
  const last = prefix.length - 1;
  return prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
}

import { describe, expect, it } from 'vitest';
import type { EtcdClient, StreamHandler } from '../../../src/modules/etcd/etcd-client.js';
import { EtcdFault } from '../../../src/modules/etcd/kv.js';
import { WatchStream } from '../../../src/modules/etcd/watch-stream.js';
import type { WatchAnswer } from '../../../src/modules/etcd/wire/watch-codec.js';
import { WatchRecorder } from '../../support/watch-recorder.js';
import { ManualClock } from '../common/manual-clock.js';

/** A member whose answers the test chooses. */
class FakeClient {
  readonly sent: object[] = [];
  handler: StreamHandler<WatchAnswer> | undefined;
  logins = 0;
  refusal: EtcdFault | undefined;

  rpc(): Promise<object> {
    return Promise.resolve({ path: '/', encode: Buffer.from, decode: () => undefined });
  }

  stream(_rpc: object, handler: StreamHandler<WatchAnswer>): Promise<object> {
    if (this.refusal) return Promise.reject(this.refusal);
    this.handler = handler;
    return Promise.resolve({ send: (request: object) => this.sent.push(request), cancel: () => undefined });
  }

  forgetLogin(): void {
    this.logins++;
  }

  answer(answer: Partial<WatchAnswer>): void {
    const whole = { revision: 10, watchId: 0, created: false, canceled: false, compactRevision: 0 };
    this.handler?.onData({ ...whole, cancelReason: '', events: [], ...answer });
  }
}

const put = (key: string, modRevision: number) =>
  ({ type: 'put', entry: { key, value: '1', modRevision, lease: '0' }, created: true }) as const;

const cancelled = ({ sent }: FakeClient): string[] =>
  sent.flatMap((request) =>
    'cancel_request' in request ? (request.cancel_request as { watch_id: string }).watch_id : [],
  );

describe(WatchStream, () => {
  const begin = (client = new FakeClient()) => {
    const clock = new ManualClock();
    const stream = new WatchStream({ client: client as unknown as EtcdClient, clock, silenceMs: 30_000 });
    const watch = async (prefix: string) => {
      const seen = new WatchRecorder();
      const abort = new AbortController();
      const requests = client.sent.length;
      const end = stream.watch({ range: { key: prefix }, next: 1, handler: seen }, abort.signal);
      while (client.sent.length === requests) await Promise.resolve();
      return { seen, abort, end };
    };
    return { client, clock, stream, watch };
  };

  it('knows by the order which watch was refused: etcd 3.5 gives such an answer no id', async () => {
    const { client, watch } = begin();
    const a = await watch('a');
    const b = await watch('b');

    client.answer({
      created: true,
      canceled: true,
      watchId: -1,
      cancelReason: 'etcdserver: permission denied',
    });
    client.answer({ created: true, watchId: 0 });
    client.answer({ watchId: 0, events: [put('b/k', 11)] });

    expect((await a.end).fault.kind).toBe('permission-denied');
    // Its token may be over: etcd 3.4 says the same of that.
    expect(client.logins).toBe(1);
    expect(b.seen.events).toEqual(['create b/k=1']);
    expect(a.seen.life).toEqual([]);
  });

  it('takes no more watches after a refusal, which a new login may change, while those that stand go on', async () => {
    const { client, stream, watch } = begin();
    const a = await watch('a');
    client.answer({ created: true, watchId: 0 });
    const b = await watch('b');
    // Up to 3.4.21 and 3.5.5 a refusal bears the id of another watch.
    client.answer({
      created: true,
      canceled: true,
      watchId: 0,
      cancelReason: 'etcdserver: permission denied',
    });
    await b.end;

    client.answer({ watchId: 0, events: [put('a/k', 11)] });

    expect(a.seen.events).toEqual(['create a/k=1']);
    expect(stream.over).toBe(true);
    expect(cancelled(client)).toEqual([]);
  });

  it('cancels a watch that was let go before it was answered, and binds the next answer to the next watch', async () => {
    const { client, watch } = begin();
    const a = await watch('a');
    const b = await watch('b');
    a.abort.abort();
    await a.end;

    client.answer({ created: true, watchId: 0 });
    client.answer({ created: true, watchId: 1 });
    client.answer({ watchId: 0, canceled: true });
    client.answer({ watchId: 1, events: [put('b/k', 11)] });

    expect(cancelled(client)).toEqual(['0']);
    expect([a.seen.life, b.seen.events]).toEqual([[], ['create b/k=1']]);
  });

  it('cancels a watch of compacted history: etcd would go on counting it', async () => {
    const { client, watch } = begin();
    const a = await watch('a');
    await watch('b');
    client.answer({ created: true, watchId: 0 });
    client.answer({ created: true, watchId: 1 });

    client.answer({ watchId: 0, canceled: true, compactRevision: 9 });

    expect((await a.end).compactRevision).toBe(9);
    expect(cancelled(client)).toEqual(['0']);
  });

  it('returns at once when it is aborted while the stream is being opened', async () => {
    const client = new FakeClient();
    client.stream = () => new Promise(() => undefined);
    const { stream } = begin(client);
    const abort = new AbortController();
    const end = stream.watch({ range: { key: 'a' }, next: 1, handler: new WatchRecorder() }, abort.signal);
    await Promise.resolve();

    abort.abort();

    expect((await end).fault.kind).toBe('aborted');
  });

  it('opens no stream for what is aborted already', async () => {
    const { client, stream } = begin();
    const options = { range: { key: 'a' }, next: 1, handler: new WatchRecorder() };

    expect((await stream.watch(options, AbortSignal.abort())).fault.kind).toBe('aborted');
    expect(client.handler).toBeUndefined();
  });

  it('takes an answer to a progress request for a sign of life only', async () => {
    const { client, watch } = begin();
    const a = await watch('a');
    client.answer({ created: true });

    client.answer({ watchId: -1, revision: 1000 });
    a.abort.abort();

    expect((await a.end).next).toBe(1);
  });

  it('goes on behind the revision of a notification that is meant for one watch', async () => {
    const { client, watch } = begin();
    const [a, b] = [await watch('a'), await watch('b')];
    client.answer({ created: true, watchId: 0 });
    client.answer({ created: true, watchId: 1 });

    client.answer({ watchId: 1, revision: 1000 });
    a.abort.abort();
    b.abort.abort();

    expect([(await a.end).next, (await b.end).next]).toEqual([1, 1001]);
  });

  it('asks a silent stream, again while there is no answer, and gives it up with all its watches', async () => {
    const { client, clock, watch } = begin();
    const [a, b] = [await watch('a'), await watch('b')];
    client.answer({ created: true, watchId: 0 });
    client.answer({ created: true, watchId: 1 });
    const requests = client.sent.length;

    await clock.advance(45_000);
    const asked = client.sent.slice(requests);
    expect(asked).toEqual([{ progress_request: {} }, { progress_request: {} }]);
    await clock.advance(60_000);

    expect([(await a.end).fault.kind, (await b.end).fault.kind]).toEqual(['timeout', 'timeout']);
  });

  it('ends each watch that wanted a stream which could not be opened, and takes no more', async () => {
    const client = new FakeClient();
    client.refusal = new EtcdFault('the connection to etcd has been closed', 'unavailable');
    const { stream } = begin(client);
    const handler = new WatchRecorder();
    const watches = ['a', 'b'].map((key) =>
      stream.watch({ range: { key }, next: 1, handler }, new AbortController().signal),
    );

    for (const watch of watches)
      await expect(watch).resolves.toMatchObject({ connected: false, fault: client.refusal, next: 1 });
    expect(stream.over).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { EtcdFault } from '../../../src/modules/etcd/kv.js';
import { follow } from '../../../src/modules/kvstoremesh/follow.js';
import { eventually } from '../../support/eventually.js';
import { FakeRemote, recordingObserver } from './fake-remote.js';

describe(follow, () => {
  const begin = () => {
    const remote = new FakeRemote();
    const { observer, events } = recordingObserver();
    const seen: string[] = [];
    const end = new AbortController();
    remote.put('cilium/state/nodes/v1/a/n1', 'x');
    const follower = {
      begin: () => void seen.push('begin'),
      entry: ({ key, value }: { key: string; value: string }) => void seen.push(`${key.slice(-2)}=${value}`),
      listed: () => void seen.push('listed'),
      event: (event: { type: string }) => void seen.push(event.type),
      watching: () => void seen.push('watching'),
    };
    const options = { pageSize: 10, signal: end.signal, observer };
    const over = follow(remote, 'cilium/state/nodes/v1/a/', follower, options);
    return { remote, seen, events, end, over, stands: () => eventually(() => remote.watches.length === 1) };
  };

  it('lists, then watches from the next revision on', async () => {
    const { remote, seen, events, end, over, stands } = begin();
    await stands();
    expect(remote.watches[0]?.next).toBe(remote.revision + 1);
    remote.put('cilium/state/nodes/v1/a/n2', 'y');

    expect(seen).toEqual(['begin', 'n1=x', 'listed', 'watching', 'put']);
    expect(events).toEqual(['nodes/v1 create 1', 'nodes/v1 listDone 1', 'nodes/v1 create 1']);
    end.abort();
    await expect(over).resolves.toBeUndefined();
  });

  it('lists anew when history is gone', async () => {
    const { remote, seen, end, over, stands } = begin();
    await stands();
    remote.keys.delete('cilium/state/nodes/v1/a/n1');
    remote.watches[0]?.end({ compactRevision: 5 });
    await stands();

    expect(seen).toEqual(['begin', 'n1=x', 'listed', 'watching', 'begin', 'listed', 'watching']);
    end.abort();
    await over;
  });

  it.each([{}, { compactRevision: 5, connected: false }])(
    'fails when the watch ends otherwise: %o',
    async (how) => {
      const { remote, over, stands } = begin();
      await stands();
      const fault = new EtcdFault('reset', 'unavailable');
      remote.watches[0]?.end({ fault, ...how });

      await expect(over).rejects.toBe(fault);
    },
  );
});

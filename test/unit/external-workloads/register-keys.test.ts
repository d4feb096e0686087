import { expect, it } from 'vitest';
import { systemClock } from '../../../src/common/clock.js';
import { silentLog } from '../../../src/common/log.js';
import type { KvWatchHandler } from '../../../src/modules/etcd/kv.js';
import { RegisterKeys, registerKey } from '../../../src/modules/external-workloads/register-keys.js';
import { FakeEtcd } from '../../support/fake-etcd.js';

it('after a compaction everything that differs is looked at again, what vanished too', async () => {
  const etcd = new FakeEtcd();
  for (const name of ['same', 'changed', 'gone']) etcd.put(registerKey(name), '1');
  etcd.put('cilium/state/noderegister/v1', 'x');
  etcd.put('cilium/state/noderegister/v1zzz', 'x');
  const changes: string[] = [];
  const watched: { handler: KvWatchHandler; from: number }[] = [];
  const sut = new RegisterKeys({
    kv: etcd,
    watcher: { watch: (_, from, handler) => Promise.resolve(void watched.push({ handler, from })) },
    clock: systemClock,
    log: silentLog,
    random: Math.random,
    onChange: (name) => changes.push(name),
  });
  await sut.run(new AbortController().signal);
  expect(changes.splice(0).toSorted()).toEqual(['changed', 'gone', 'same']);
  expect(watched[0]!.from).toBe(etcd.revision + 1);
  etcd.put(registerKey('changed'), '2');
  etcd.put(registerKey('new'), '1');
  etcd.delete(registerKey('gone'));

  const revision = await watched[0]!.handler.onCompacted(1);

  expect(changes.toSorted()).toEqual(['changed', 'gone', 'new']);
  expect(revision).toBe(etcd.revision);
  expect(sut.names().toSorted()).toEqual(['changed', 'new', 'same']);
});

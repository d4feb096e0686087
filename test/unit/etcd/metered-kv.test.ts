import { describe, expect, it } from 'vitest';
import { EtcdFault, type KvOp } from '../../../src/modules/etcd/kv.js';
import { MeteredKv } from '../../../src/modules/etcd/metered-kv.js';
import { FakeEtcd } from '../../support/fake-etcd.js';
import { ManualClock } from '../common/manual-clock.js';

describe(MeteredKv.name, () => {
  const lab = () => {
    const clock = new ManualClock();
    const etcd = new FakeEtcd();
    const seen: unknown[][] = [];
    const kv = new MeteredKv(etcd, { operation: (...observed) => seen.push(observed) }, clock);
    return { clock, etcd, seen, kv };
  };
  const put = (key: string): KvOp => ({ type: 'put', key, value: 'v' });

  it('counts the operations of a transaction by scope, with the time of the whole', async () => {
    const { clock, etcd, seen, kv } = lab();
    etcd.beforeTxn = () => clock.sleep(250);
    const writing = kv.txn([
      put('cilium/state/nodes/v1/alpha/n1'),
      put('cilium/state/nodes/v1/alpha/n2'),
      put('cilium/.heartbeat'),
      put('cilium/state/ip/v1/default/10.0.0.1'),
      put('cilium/state/nodes/v1/beta'),
      put('cilium/synced/alpha/cilium/state/nodes/v1'),
      put('cilium/cluster-config/alpha'),
      { type: 'delete', key: 'cilium/state/nodes/v1/alpha/n3' },
    ]);
    await clock.advance(250);
    expect(await writing).toEqual({ revision: 2 });
    expect(seen).toEqual([
      ['nodes/v1', 'Update', 'success', 0.25, 3],
      ['cilium/.hear', 'Update', 'success', 0.25, 1],
      ['ip/v1', 'Update', 'success', 0.25, 1],
      ['alpha/cilium', 'Update', 'success', 0.25, 1],
      ['cilium/clust', 'Update', 'success', 0.25, 1],
      ['nodes/v1', 'Delete', 'success', 0.25, 1],
    ]);
  });

  it('reports failures and passes them on, but not what the caller cancelled', async () => {
    const { etcd, seen, kv } = lab();
    etcd.faults.push('unavailable');
    await expect(kv.txn([put('cilium/state/ip/v1/a')])).rejects.toMatchObject({ kind: 'unavailable' });
    expect(seen).toEqual([['ip/v1', 'Update', 'fail', 0, 1]]);
    etcd.beforeTxn = () => Promise.reject(new EtcdFault('cancelled', 'aborted'));
    await expect(kv.txn([put('cilium/state/ip/v1/a')])).rejects.toMatchObject({ kind: 'aborted' });
    expect(seen).toHaveLength(1);
  });

  it('reports reads of one key, and no ranges', async () => {
    const { etcd, seen, kv } = lab();
    etcd.put('cilium/.heartbeat', 'now');
    expect(await kv.get('cilium/.heartbeat')).toMatchObject({ value: 'now' });
    for await (const page of kv.range('cilium/')) expect(page.entries).toHaveLength(1);
    expect(seen).toEqual([['cilium/.hear', 'Get', 'success', 0]]);
  });
});

import { expect, it } from 'vitest';
import { silentLog } from '../../../src/common/log.js';
import { EtcdConnection } from '../../../src/modules/etcd/etcd-connection.js';
import { ManualClock } from '../common/manual-clock.js';

it('gives no client to who may not write', () => {
  let mayWrite = true;
  const connection = new EtcdConnection({
    kvstore: {
      address: 'http://127.0.0.1:1',
      keepaliveHeartbeatMs: 1_000,
      keepaliveTimeoutMs: 1_000,
      maxConsecutiveQuorumErrors: 2,
    },
    clock: new ManualClock(),
    log: silentLog,
    random: () => 0,
    onQuorumError: () => undefined,
    fence: { mayWrite: () => mayWrite },
  });
  expect(() => connection.client()).toThrow('not connected to etcd yet');
  mayWrite = false;
  expect(() => connection.client()).toThrow('not the leader any more');
});

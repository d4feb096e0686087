import { describe, expect, it } from 'vitest';
import { flagsOf } from '../../../src/modules/config/flags.js';
import { loadKvstoremeshOptions } from '../../../src/modules/config/load-kvstoremesh-options.js';
import { readArgv } from '../../../src/modules/config/read-argv.js';

const good = [
  '--cluster-name=east',
  '--cluster-id=3',
  '--clustermesh-config=/d',
  '--kvstore-opt=etcd.address=http://h:1',
];
const load = (...args: readonly string[]) =>
  loadKvstoremeshOptions(readArgv([...good, ...args], flagsOf('kvstoremesh')), {});

describe(loadKvstoremeshOptions, () => {
  it('reads the defaults', () => {
    expect(load().problems).toEqual([]);
    expect(load().options).toMatchObject({
      clusterName: 'east',
      clusterId: 3,
      apiServeAddr: 'localhost:9889',
      adminServeAddr: '127.0.0.1:9896',
      perClusterReadyTimeoutMs: 15_000,
      globalReadyTimeoutMs: 600_000,
      disableDrainOnDisconnection: false,
      cacheTtlMs: 0,
      kvstore: { qps: 20, limit: 256, leaseTtlMs: 900_000 },
    });
  });

  it.each([
    ['--cluster-id=0', 'ClusterID 0 is reserved'],
    ['--cluster-id=256', 'ClusterID > 255 is not supported'],
    [
      '--max-connected-clusters=300',
      '--max-connected-clusters=300 is invalid; supported values are [255, 511]',
    ],
    ['--cluster-name=default', 'cannot use default cluster name (default) with option cluster-id'],
    ['--clustermesh-config=', 'the ClusterMesh configuration directory is not configured'],
    ['--kvstore=', 'kvstore not configured'],
  ])('refuses %s in the words of the original', (flag, message) => {
    const { options, problems } = load(flag);

    expect(options).toBeUndefined();
    expect(problems.map((problem) => problem.message)).toContain(message);
  });

  it.each([
    '--cluster-name=Bad_Name',
    '--cluster-id=512',
    '--health-port=70000',
    '--prometheus-serve-addr=nowhere',
    '--admin-serve-addr=0.0.0.0:1',
    '--api-serve-addr=nowhere',
    '--log-format=xml',
    '--kvstore-lease-ttl=1ms',
    '--per-cluster-ready-timeout=-1s',
    '--global-ready-timeout=-1s',
    '--clustermesh-cache-ttl=-1s',
  ])('refuses %s, and names the flag', (flag) => {
    const [name] = flag.slice(2).split('=');

    expect(load(flag).problems.map((problem) => problem.flag)).toEqual([name]);
  });
});

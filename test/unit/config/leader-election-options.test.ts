import { describe, expect, it } from 'vitest';
import { flagsOf } from '../../../src/modules/config/flags.js';
import { loadKvstoremeshOptions } from '../../../src/modules/config/load-kvstoremesh-options.js';
import { readArgv } from '../../../src/modules/config/read-argv.js';

const base = [
  '--cluster-name=east',
  '--cluster-id=3',
  '--clustermesh-config=/clusters',
  '--kvstore-opt=etcd.address=http://127.0.0.1:4001',
];
const load = (...args: string[]) =>
  loadKvstoremeshOptions(readArgv([...base, ...args], flagsOf('kvstoremesh')), {
    KUBERNETES_SERVICE_HOST: '10.0.0.1',
    KUBERNETES_SERVICE_PORT: '443',
  });

describe('the flags of the leader election', () => {
  it('are off by default', () => {
    expect(load().options).not.toHaveProperty('leaderElection');
  });

  it('name the Lease and find the API server of the pod', () => {
    const { options } = load(
      '--leader-election',
      '--leader-election-namespace=kube-system',
      '--leader-election-lease-name=clustermesh-apiserver-kvstoremesh',
    );
    expect(options?.leaderElection).toMatchObject({
      namespace: 'kube-system',
      leaseName: 'clustermesh-apiserver-kvstoremesh',
      apiServer: { environment: { KUBERNETES_SERVICE_HOST: '10.0.0.1' } },
    });
  });

  it('need the name of the Lease and its namespace', () => {
    expect(load('--leader-election').problems.map(({ message }) => message)).toEqual([
      '--leader-election-namespace is required with --leader-election',
      '--leader-election-lease-name is required with --leader-election',
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { etcdArgs } from '../../../src/apps/etcdinit.app.js';
import { flagsOf } from '../../../src/modules/config/flags.js';
import { loadEtcdInitOptions } from '../../../src/modules/config/load-tool-options.js';
import { readArgv } from '../../../src/modules/config/read-argv.js';
import { listeningInodes } from '../../../src/modules/etcd-init/port-check.js';
import { initRequests } from '../../../src/modules/etcd-init/init-requests.js';

function load(tokens: string[], env: Record<string, string> = {}): ReturnType<typeof loadEtcdInitOptions> {
  return loadEtcdInitOptions(readArgv(tokens, flagsOf('etcdinit')), env);
}

describe('options of etcdinit', () => {
  const defaults = {
    etcdBinary: '/usr/bin/etcd',
    dataDir: '/var/run/etcd',
    initialClusterToken: 'clustermesh-apiserver',
    etcdClusterName: 'clustermesh-apiserver',
    clusterName: 'default',
    timeoutMs: 120_000,
    force: false,
  };

  it('have the defaults of the contract', () => {
    expect(load([]).options).toEqual(defaults);
  });

  it('come from flag, then environment', () => {
    const env = { CILIUM_CLUSTER_NAME: 'alpha', CILIUM_TIMEOUT: '3s', CILIUM_ETCD_DATA_DIR: '' };

    expect(load(['--cluster-name', 'beta', '--force'], env).options).toEqual({
      ...defaults,
      clusterName: 'beta',
      timeoutMs: 3000,
      force: true,
    });
  });

  it('are refused in words', () => {
    const { options, problems } = load(['--timeout=0s']);

    expect(options).toBeUndefined();
    expect(problems.map(({ message }) => message)).toEqual([
      '--timeout=0s is invalid; must be 1ms or longer',
    ]);
  });

  it('become exactly the arguments of the contract', () => {
    const { options } = load([
      '--etcd-data-dir=/d',
      '--etcd-initial-cluster-token=uid',
      '--etcd-cluster-name=n',
    ]);

    expect(etcdArgs(options!)).toEqual([
      '--data-dir=/d',
      '--name=n',
      '--listen-client-urls=http://localhost:2379',
      '--advertise-client-urls=http://localhost:2379',
      '--initial-cluster-token=uid',
      '--initial-cluster-state=new',
    ]);
  });
});

describe(initRequests.name, () => {
  const names = (cluster: string): string[] => initRequests(cluster).map(({ name }) => name);

  it('is in the order of the contract', () => {
    expect(names('alpha')).toEqual([
      'setting key cilium/.has-cluster-config',
      'adding user root',
      'granting role root to root',
      'adding user admin-alpha',
      'granting role root to admin-alpha',
      'adding user externalworkload',
      'adding role externalworkload',
      'granting role externalworkload to externalworkload',
      ...Array.from({ length: 3 }, () => 'granting permissions to role externalworkload'),
      'adding user local-alpha',
      'adding role local',
      'granting role local to local-alpha',
      ...Array.from({ length: 5 }, () => 'granting permissions to role local'),
      'adding user remote',
      'adding role remote',
      'granting role remote to remote',
      ...Array.from({ length: 8 }, () => 'granting permissions to role remote'),
      'enabling authentication',
    ]);
  });

  it('drops the suffix and its hyphen for an empty cluster name', () => {
    expect(names('')).toContain('adding user admin');
    expect(names('')).toContain('adding user local');
  });
});

describe(listeningInodes.name, () => {
  it('finds those that listen on the port', () => {
    const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:094B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0 0 10 0
   1: 0100007F:094B 0100007F:8000 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0 100 0 0 10 0
   2: 0100007F:094C 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0 100 0 0 10 0
`;

    expect(listeningInodes(table, 2379)).toEqual(['111']);
  });
});

import { describe, expect, it } from 'vitest';
import type { CommandName } from '../../../src/modules/config/flag.js';
import { flagsOf } from '../../../src/modules/config/flags.js';
import { readArgv } from '../../../src/modules/config/read-argv.js';
import { resolveFlags } from '../../../src/modules/config/resolve-flags.js';
import { expandedArgs, stockRows, type StockRow } from '../../support/stock-chart.js';
import { load } from './load.js';

const inPod = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };
const ours = stockRows().filter(({ command }) => command[0] === '/usr/bin/clustermesh-apiserver');

describe('every command line of the stock chart is understood', () => {
  it.each(ours)('$container: $when', (row) => {
    const [command, ...tokens] = expandedArgs(row);
    const flags = flagsOf(command as CommandName);

    const { given, errors, positional } = readArgv(tokens, flags);

    expect(errors).toEqual([]);
    expect(positional).toEqual([]);
    expect(resolveFlags(flags, given, environment(row)).problems).toEqual([]);
  });
});

describe('clustermesh with the arguments of the stock chart', () => {
  it.each(stockRows('apiserver'))('starts: $when', (row) => {
    const { options, problems } = load(expandedArgs(row).slice(1), environment(row));

    expect(problems).toEqual([]);
    expect(options).toMatchObject({
      clusterName: row.env.CLUSTER_NAME,
      clusterId: Number(row.env.CLUSTER_ID),
      kvstore: {
        configPath: '/var/lib/cilium/etcd-config.yaml',
        qps: 20,
        bootstrapQps: 10_000,
        maxInflight: 20,
      },
    });
  });

  it('means what it says', () => {
    const meaning = (when: string): unknown => {
      const row = stockRows('apiserver').find((candidate) => candidate.when === when)!;
      return load(expandedArgs(row).slice(1), environment(row)).options;
    };

    expect(meaning('defaults')).toMatchObject({
      maxConnectedClusters: 255,
      healthPort: 9880,
      prometheusServeAddr: ':9962',
      controllerGroupMetrics: ['all'],
      enableExternalWorkloads: false,
      clusterUsersEnabled: false,
      debug: false,
    });
    expect(meaning('authMode cluster')).toMatchObject({
      clusterUsersEnabled: true,
      clusterUsersConfigPath: '/var/lib/cilium/etcd-config/users.yaml',
    });
    expect(meaning('external workloads')).toMatchObject({ enableExternalWorkloads: true });
    expect(meaning('metrics off')).toMatchObject({ prometheusServeAddr: '', controllerGroupMetrics: [] });
    expect(meaning('511 clusters')).toMatchObject({ maxConnectedClusters: 511, clusterId: 400 });
    expect(meaning('debug')).toMatchObject({ debug: true });
  });
});

function environment({ env }: StockRow): Record<string, string> {
  return { ...inPod, ...env };
}

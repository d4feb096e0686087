import { describe, expect, it } from 'vitest';
import stock from '../fixtures/stock-chart-args.json' with { type: 'json' };
import { render } from './support/helm.js';

describe('commands and arguments are those of the stock chart', () => {
  it.each(stock.rows)('$container: $when', async ({ container, values, command, args }) => {
    const rendered = (await render(values)).container(container);

    expect(rendered.command).toEqual(command);
    expect(rendered.args).toEqual(args);
  });
});

/** The stock chart passes it, and no program ever read it. */
const withoutEffect = new Set(['ENABLE_K8S_ENDPOINT_SLICE']);
const podFields = { INITIAL_CLUSTER_TOKEN: 'metadata.uid', HOSTNAME_IP: 'status.podIP' };

describe('environments are those of the stock chart', () => {
  it.each(stock.rows)('$container: $when', async ({ container, values, env }) => {
    const rendered = (await render(values)).container(container);

    const wanted = Object.entries(env).flatMap(([name, value]) => {
      if (withoutEffect.has(name)) return [];
      const fieldPath = podFields[name as keyof typeof podFields];
      return fieldPath === undefined ? { name, value } : { name, valueFrom: { fieldRef: { fieldPath } } };
    });
    expect(rendered.env).toEqual(wanted);
  });
});

describe('arguments of our own', () => {
  it('come only where the stock chart has no word for it', async () => {
    const endpoints = { enabled: true, endpoints: ['http://etcd.example.com:2379'] };
    const chart = await render({ externalEtcd: endpoints, enableK8sEndpointSlice: false });

    expect(chart.container('apiserver').args).toEqual([
      'clustermesh',
      '--cluster-name=$(CLUSTER_NAME)',
      '--cluster-id=$(CLUSTER_ID)',
      '--kvstore-opt=etcd.config=/var/lib/cilium/external-etcd/config.yaml',
      '--kvstore-opt=etcd.qps=20',
      '--kvstore-opt=etcd.bootstrapQps=10000',
      '--max-connected-clusters=255',
      '--health-port=9880',
      '--enable-external-workloads=false',
      '--prometheus-serve-addr=:9962',
      '--controller-group-metrics=all',
      '--enable-k8s-endpoint-slice=false',
      '--leader-election',
      '--leader-election-namespace=kube-system',
      '--leader-election-lease-name=clustermesh-apiserver',
    ]);
    expect(chart.container('kvstoremesh').args).toEqual(
      expect.arrayContaining(['--leader-election-lease-name=clustermesh-apiserver-kvstoremesh']),
    );
  });

  it('given as extra are appended, in order, with variables in the list of variables', async () => {
    const extra = { extraArgs: ['--a', '--b=c'], extraEnv: [{ name: 'X', value: 'y' }] };
    const chart = await render({ ...extra, kvstoremesh: extra, etcd: { ...extra, init: extra } });

    for (const name of ['etcd-init', 'etcd', 'apiserver', 'kvstoremesh']) {
      const { args, env } = chart.container(name);
      expect(args.slice(-2)).toEqual(['--a', '--b=c']);
      expect(env.at(-1)).toEqual({ name: 'X', value: 'y' });
    }
  });
});

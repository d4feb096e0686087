import { describe, expect, it } from 'vitest';
import { render, type Values } from './support/helm.js';
import { matrix } from './support/matrix.js';

const selector = { 'k8s-app': 'clustermesh-apiserver' };

async function serviceOf(values: Values): Promise<unknown> {
  return (await render(values)).get('Service').spec;
}

describe('the service of etcd', () => {
  it('is a NodePort by default, as the stock chart makes it', async () => {
    expect(await serviceOf({})).toEqual({
      type: 'NodePort',
      selector,
      ports: [{ port: 2379, targetPort: 2379, protocol: 'TCP', nodePort: 32379 }],
      externalTrafficPolicy: 'Cluster',
      internalTrafficPolicy: 'Cluster',
    });
  });

  it('is a LoadBalancer with all that one can ask for', async () => {
    const chart = await render(matrix['load balancer']);

    expect(chart.get('Service').metadata.annotations).toEqual({ 'example.com/internal': 'true' });
    expect(chart.get('Service').spec).toEqual({
      type: 'LoadBalancer',
      selector,
      ports: [{ port: 2379, targetPort: 2379, protocol: 'TCP' }],
      loadBalancerClass: 'example.com/lb',
      loadBalancerIP: '192.0.2.10',
      loadBalancerSourceRanges: ['10.0.0.0/8'],
      externalTrafficPolicy: 'Local',
      internalTrafficPolicy: 'Cluster',
    });
  });

  it('has no externalTrafficPolicy as ClusterIP, which the API server would refuse', async () => {
    expect(await serviceOf({ service: { type: 'ClusterIP' } })).toEqual({
      type: 'ClusterIP',
      selector,
      ports: [{ port: 2379, targetPort: 2379, protocol: 'TCP' }],
      internalTrafficPolicy: 'Cluster',
    });
  });

  it('ignores what only a load balancer understands', async () => {
    const balancer = { loadBalancerIP: '192.0.2.10', loadBalancerSourceRanges: ['10.0.0.0/8'] };

    expect(await serviceOf({ service: balancer })).toEqual(await serviceOf({}));
  });

  it.each([
    ['HAOnly', 1, undefined],
    ['HAOnly', 2, 'ClientIP'],
    ['Always', 1, 'ClientIP'],
    ['Never', 3, undefined],
  ])('keeps a client at its pod: %s with %i replicas', async (mode, replicas, affinity) => {
    const spec = await serviceOf({ replicas, service: { enableSessionAffinity: mode } });

    expect((spec as { sessionAffinity?: string }).sessionAffinity).toBe(affinity);
  });

  it('may have another port, which the agents then use', async () => {
    const chart = await render({ ...matrix['clusters through kvstoremesh'], service: { port: 12379 } });

    expect(chart.get('Service').spec.ports[0]).toMatchObject({ port: 12379, targetPort: 2379 });
    expect(chart.secret('cilium-clustermesh').beta).toContain('clustermesh-apiserver.kube-system.svc:12379');
  });

  it('does not exist with an external etcd', async () => {
    expect((await render(matrix['external etcd'])).find('Service')).toBeUndefined();
  });
});

describe('metrics', () => {
  const ports = async (values: Values): Promise<string[] | undefined> => {
    const service = (await render(values)).find('Service', 'clustermesh-apiserver-metrics');
    return service?.spec.ports.map((port: { name: string; port: number }) => `${port.name} ${port.port}`);
  };

  it('have a headless service with one port for each part that serves them', async () => {
    expect(await ports({})).toEqual(['apiserv-metrics 9962', 'kvmesh-metrics 9964', 'etcd-metrics 9963']);
    expect(await ports({ kvstoremesh: { enabled: false } })).toEqual([
      'apiserv-metrics 9962',
      'etcd-metrics 9963',
    ]);
    expect(await ports({ metrics: { enabled: false } })).toEqual([
      'kvmesh-metrics 9964',
      'etcd-metrics 9963',
    ]);
    expect(await ports({ metrics: { etcd: { enabled: false } } })).toEqual([
      'apiserv-metrics 9962',
      'kvmesh-metrics 9964',
    ]);
    expect(await ports(matrix['no metrics']!)).toBeUndefined();
  });

  it('have a ServiceMonitor that finds that service and every port', async () => {
    const chart = await render(matrix['service monitor']);

    const monitor = chart.get('ServiceMonitor');
    expect(monitor.metadata.labels).toMatchObject({ release: 'prometheus' });
    expect(chart.get('Service', 'clustermesh-apiserver-metrics').metadata.labels).toMatchObject(
      monitor.spec.selector.matchLabels,
    );
    const common = { path: '/metrics', honorLabels: true, interval: '10s', scrapeTimeout: '5s' };
    expect(monitor.spec).toEqual({
      selector: {
        matchLabels: {
          'app.kubernetes.io/name': 'clustermesh-apiserver',
          'app.kubernetes.io/component': 'metrics',
        },
      },
      namespaceSelector: { matchNames: ['kube-system'] },
      endpoints: [
        { port: 'apiserv-metrics', ...common, relabelings: [{ action: 'labeldrop', regex: 'pod' }] },
        { port: 'kvmesh-metrics', ...common },
        { port: 'etcd-metrics', ...common },
      ],
    });
  });
});

describe('the network policy', () => {
  it('opens etcd and the metrics to those who are named', async () => {
    const chart = await render(matrix['network policy']);

    expect(chart.get('NetworkPolicy').spec).toEqual({
      podSelector: { matchLabels: selector },
      policyTypes: ['Ingress'],
      ingress: [
        { ports: [{ protocol: 'TCP', port: 2379 }], from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] },
        {
          ports: ['apiserv-metrics', 'kvmesh-metrics', 'etcd-metrics'].map((port) => ({
            protocol: 'TCP',
            port,
          })),
          from: [{ namespaceSelector: { matchLabels: { name: 'monitoring' } } }],
        },
      ],
    });
  });

  it('opens no port that nobody listens on', async () => {
    const policy = async (values: Values): Promise<unknown> =>
      (await render(values)).get('NetworkPolicy').spec.ingress;

    expect(await policy(matrix['no metrics']!)).toEqual([{ ports: [{ protocol: 'TCP', port: 2379 }] }]);
    expect(await policy(matrix['external etcd']!)).toEqual([
      { ports: ['apiserv-metrics', 'kvmesh-metrics'].map((port) => ({ protocol: 'TCP', port })) },
    ]);
  });
});

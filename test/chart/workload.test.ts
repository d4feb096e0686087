import { describe, expect, it } from 'vitest';
import { type Render, render } from './support/helm.js';
import { matrix } from './support/matrix.js';

interface Volume {
  readonly name: string;
  // Each test looks at the one source it expects.
  // eslint-disable-next-line typescript/no-explicit-any
  readonly [source: string]: any;
}

// eslint-disable-next-line typescript/no-explicit-any
function podOf(chart: Render): any {
  return chart.get('Deployment').spec.template.spec;
}

function volumeOf(chart: Render, name: string): Volume {
  const volume = (podOf(chart).volumes as Volume[]).find((one) => one.name === name);
  if (volume === undefined) throw new Error(`no volume ${name}`);
  return volume;
}

const everyContainer = ['etcd-init', 'etcd', 'apiserver', 'kvstoremesh'];

describe('the pod', () => {
  it('is scheduled as the stock one', async () => {
    const { spec } = (await render()).get('Deployment');

    expect(spec).toMatchObject({
      replicas: 1,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        spec: {
          priorityClassName: 'system-cluster-critical',
          terminationGracePeriodSeconds: 30,
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          securityContext: { runAsNonRoot: true, runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532 },
        },
      },
    });
    const [preference] =
      spec.template.spec.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
    expect(preference).toMatchObject({
      weight: 100,
      podAffinityTerm: { topologyKey: 'kubernetes.io/hostname' },
    });
  });

  it('runs everything without rights, on a read-only file system', async () => {
    const chart = await render();

    for (const name of everyContainer) {
      expect(chart.container(name).securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(chart.container(name).terminationMessagePolicy).toBe('FallbackToLogsOnError');
    }
  });

  it('runs one image everywhere, whose tag is the chart’s version', async () => {
    const images = (chart: Render): Set<unknown> =>
      new Set(everyContainer.map((name) => chart.container(name).image));
    const digest = `sha256:${'0'.repeat(64)}`;

    expect([...images(await render())]).toEqual([
      expect.stringMatching(/^clustermesh-apiserver:\d+\.\d+\.\d+/),
    ]);
    expect([...images(await render({ image: { repository: 'r.example/m', tag: 'v1', digest } }))]).toEqual([
      `r.example/m:v1@${digest}`,
    ]);
    expect([...images(await render({ image: { override: 'r.example/other' } }))]).toEqual([
      'r.example/other',
    ]);
  });

  it('spreads by its own selector if an entry names none', async () => {
    const chart = await render(matrix['three replicas']);

    expect(podOf(chart).topologySpreadConstraints).toEqual([
      {
        maxSkew: 1,
        topologyKey: 'topology.kubernetes.io/zone',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: { 'k8s-app': 'clustermesh-apiserver' } },
      },
    ]);
    expect(chart.get('PodDisruptionBudget').spec).toMatchObject({ maxUnavailable: 1 });
    expect((await render(matrix['budget by minimum'])).get('PodDisruptionBudget').spec).toEqual({
      minAvailable: '50%',
      selector: { matchLabels: { 'k8s-app': 'clustermesh-apiserver' } },
    });
  });
});

describe('probes', () => {
  it.each([
    ['apiserver', 'apiserv-health', 9880],
    ['kvstoremesh', 'kvmesh-health', 9881],
  ])('of %s ask its health port', async (name, port, number) => {
    const container = (await render()).container(name);

    expect(container.ports).toContainEqual({ name: port, containerPort: number, protocol: 'TCP' });
    expect(container.readinessProbe).toEqual({ httpGet: { path: '/readyz', port } });
    expect(container.livenessProbe.httpGet).toEqual({ path: '/livez', port });
    expect(container.startupProbe.httpGet).toEqual({ path: '/livez', port });
  });

  it('leave a start more than the five minutes after which it ends by itself', async () => {
    const chart = await render();

    for (const name of ['apiserver', 'kvstoremesh']) {
      const { periodSeconds, failureThreshold } = chart.container(name).startupProbe;
      expect(periodSeconds * failureThreshold).toBeGreaterThan(300);
    }
  });

  it('can be switched off and set', async () => {
    const { livenessProbe, startupProbe, readinessProbe } = (
      await render(matrix['everything extra'])
    ).container('kvstoremesh');

    expect([livenessProbe, startupProbe]).toEqual([undefined, undefined]);
    expect(readinessProbe.periodSeconds).toBe(3);
  });
});

describe('volumes', () => {
  const items = (prefix: string): object[] =>
    ['tls.key', 'tls.crt', 'ca.crt'].map((key) => ({ key, path: `${prefix}${key}` }));

  it('show each container only its own secrets, read-only and to their user alone', async () => {
    const chart = await render({ tls: { authMode: 'cluster' } });

    const mounts = (name: string): string[] =>
      chart
        .container(name)
        .volumeMounts.map((one) => `${one.name} ${one.mountPath}${one.readOnly ? ' ro' : ''}`);
    expect(mounts('etcd-init')).toEqual(['etcd-data-dir /var/run/etcd']);
    expect(mounts('etcd')).toEqual([
      'etcd-server-secrets /var/lib/etcd-secrets ro',
      'etcd-data-dir /var/run/etcd',
    ]);
    expect(mounts('apiserver')).toEqual([
      'etcd-admin-client /var/lib/cilium/etcd-secrets ro',
      'etcd-users-config /var/lib/cilium/etcd-config ro',
    ]);
    expect(mounts('kvstoremesh')).toEqual([
      'etcd-admin-client /var/lib/cilium/etcd-secrets ro',
      'kvstoremesh-secrets /var/lib/cilium/clustermesh ro',
    ]);
    for (const name of ['etcd-server-secrets', 'etcd-admin-client', 'kvstoremesh-secrets']) {
      expect(volumeOf(chart, name).projected.defaultMode).toBe(0o400);
    }
    expect(volumeOf(chart, 'etcd-users-config').configMap).toEqual({
      name: 'clustermesh-remote-users',
      defaultMode: 0o400,
    });
  });

  it('carry the certificates under the names that the configuration files use', async () => {
    const chart = await render();

    const secretOf = (name: string): unknown => volumeOf(chart, name).projected.sources;
    expect(secretOf('etcd-server-secrets')).toEqual([
      { secret: { name: 'clustermesh-apiserver-server-cert', items: items('') } },
    ]);
    expect(secretOf('etcd-admin-client')).toEqual([
      { secret: { name: 'clustermesh-apiserver-admin-cert', items: items('') } },
    ]);
    expect(secretOf('kvstoremesh-secrets')).toEqual([
      { secret: { name: 'cilium-kvstoremesh', optional: true } },
      {
        secret: {
          name: 'clustermesh-apiserver-remote-cert',
          optional: true,
          items: [
            { key: 'tls.key', path: 'common-etcd-client.key' },
            { key: 'tls.crt', path: 'common-etcd-client.crt' },
            { key: 'ca.crt', path: 'common-etcd-client-ca.crt' },
          ],
        },
      },
    ]);
  });

  it.each([
    ['CA bundle in a ConfigMap', { configMap: { name: 'cilium-root-ca.crt' } }, 'ca.crt'],
    ['CA bundle in a Secret', { secret: { name: 'roots' } }, 'all.pem'],
  ])('take every CA from the bundle, kvstoremesh’s too: %s', async (values, source, key) => {
    const chart = await render(matrix[values]);

    for (const [name, path] of [
      ['etcd-server-secrets', 'ca.crt'],
      ['etcd-admin-client', 'ca.crt'],
      ['kvstoremesh-secrets', 'common-etcd-client-ca.crt'],
    ] as const) {
      const { sources } = volumeOf(chart, name).projected;
      const [kind, object] = Object.entries(source)[0]!;
      expect(sources.at(-1)).toEqual({ [kind]: { ...object, items: [{ key, path }] } });
      expect(JSON.stringify(sources.slice(0, -1))).not.toContain('ca.crt');
    }
  });

  it.each([
    ['defaults', {}],
    ['etcd in memory', { medium: 'Memory', sizeLimit: '2Gi' }],
    ['etcd on a bounded disk', { sizeLimit: '2Gi' }],
  ])('keep etcd’s data as told: %s', async (values, emptyDir) => {
    expect(volumeOf(await render(matrix[values]), 'etcd-data-dir').emptyDir).toEqual(emptyDir);
  });
});

describe('an external etcd', () => {
  it('takes the place of the one in the pod, of its service and of its certificates', async () => {
    const chart = await render(matrix['external etcd']);

    const pod = podOf(chart);
    expect(pod.initContainers).toBeUndefined();
    expect(pod.containers.map((one: { name: string }) => one.name)).toEqual(['apiserver', 'kvstoremesh']);
    expect(chart.get('ConfigMap', 'clustermesh-apiserver-external-etcd').data['config.yaml']).toBe(
      [
        'endpoints:',
        '- https://etcd-0.example.com:2379',
        '- https://etcd-1.example.com:2379',
        'trusted-ca-file: /var/lib/cilium/etcd-secrets/ca.crt',
        'key-file: /var/lib/cilium/etcd-secrets/tls.key',
        'cert-file: /var/lib/cilium/etcd-secrets/tls.crt',
        '',
      ].join('\n'),
    );
    expect(volumeOf(chart, 'etcd-admin-client').secret.secretName).toBe('etcd-client');
    expect(chart.names().filter((name) => /server-cert|admin-cert/.test(name))).toEqual([]);
  });

  it('starts the pods anew when it changes: its file is read once', async () => {
    const note = async (endpoint: string): Promise<string> => {
      const chart = await render({ externalEtcd: { enabled: true, endpoints: [endpoint] } });
      return chart.get('Deployment').spec.template.metadata.annotations[
        'clustermesh-apiserver/external-etcd'
      ];
    };

    expect(await note('http://a:2379')).not.toBe(await note('http://b:2379'));
    expect(await note('http://a:2379')).toBe(await note('http://a:2379'));
  });
});

describe('annotations and labels', () => {
  it('reach every object and the pod', async () => {
    const chart = await render(matrix['everything extra']);

    for (const { metadata } of chart.objects) {
      expect(metadata.annotations).toMatchObject({ owner: 'net' });
      expect(metadata.labels).toMatchObject({ team: 'net' });
    }
    const { labels, annotations } = chart.get('Deployment').spec.template.metadata;
    expect(labels).toEqual({
      'k8s-app': 'clustermesh-apiserver',
      'app.kubernetes.io/name': 'clustermesh-apiserver',
      'app.kubernetes.io/part-of': 'cilium',
      team: 'net',
      c: 'd',
    });
    expect(annotations).toEqual({ a: 'b', owner: 'net' });
  });
});

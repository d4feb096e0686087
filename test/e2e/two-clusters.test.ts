import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { namespace, type Values } from '../chart/support/helm.js';
import { eventually } from '../support/eventually.js';
import { ChartLab } from '../support/pods/chart-lab.js';
import { MeshCluster } from '../support/pods/mesh-cluster.js';
import { contentFaults, grantedTtls, isLock, isUserRecord } from '../support/pods/mesh-content.js';
import { connectionsOf, serialOf, shownSerial } from '../support/pods/pod-connections.js';
import { ServiceChurn } from '../support/pods/service-churn.js';
import { readKeys } from '../support/snapshot.js';

const servers = ['apiserver', 'kvstoremesh'] as const;
const certificates = ['server', 'admin', 'remote'].map((name) => `clustermesh-apiserver-${name}-cert`);

/** Alpha signs with Helm; its certificate covers the address of its node. */
const alphaTls = (days: number): Values => ({
  authMode: 'cluster',
  auto: { certValidityDuration: days },
  server: { extraIpAddresses: [MeshCluster.nodeAddress(1)] },
});
/** Beta's certificates are made by the job of our own; they cover no address, so others need its name. */
const betaTls = (days: number, authMode = 'migration'): Values => ({
  authMode,
  auto: { method: 'cronJob', schedule: '', certValidityDuration: days },
});

/** Another template, so another pod. */
const replaced: Values = { podAnnotations: { replaced: 'yes' } };

/** Samples of counters that tell of failures, with a value other than 0. */
function failures(metrics: string): string[] {
  // A name that nobody counts by would be found well for ever.
  expect(metrics).toMatch(/^cilium_\w+kvstore_sync_errors_total\{/m);
  const counts =
    /^cilium_\w+(?:kvstore_sync_errors_total\{|(?:kvstore_operations_duration_seconds_count|api_limiter_processed_requests_total)\{.*outcome="fail").* (?!0$)\S+$/;
  return metrics.split('\n').filter((line) => counts.test(line));
}

async function metricsOf({ pod }: MeshCluster, container: string): Promise<string> {
  const name = container === 'apiserver' ? 'apiserv-metrics' : 'kvmesh-metrics';
  const answer = await pod.get(pod.portOf(container, name), '/metrics');
  if (!answer?.ok) throw new Error(`no metrics of ${container}`);
  return answer.body;
}

/** The connections of each of our servers to etcds: its own, and at the other port another cluster's. */
function etcdConnections(
  { pod }: MeshCluster,
  ports: readonly number[] = [2379, 32_379],
): Promise<Set<string>>[] {
  return servers.map((server) => connectionsOf(pod.container(server).pid, ports));
}

function serials(cluster: MeshCluster): Promise<string[]> {
  return Promise.all(certificates.map(async (name) => serialOf((await cluster.certificate(name)).cert)));
}

/** The label `revision` of each service under a prefix, by name. */
async function revisions(cluster: MeshCluster, prefix: string): Promise<Map<string, string>> {
  const stored = await cluster.inEtcd((etcd) => etcd.list(prefix));
  return new Map(
    stored.map(([key, value]) => {
      const { labels } = JSON.parse(value) as { labels: { revision: string } };
      return [key.slice(prefix.length), labels.revision];
    }),
  );
}

describe('two clusters with our chart, connected by our own commands', () => {
  let lab: ChartLab;
  let alpha: MeshCluster;
  let beta: MeshCluster;
  const both = (): [MeshCluster, MeshCluster][] => [
    [alpha, beta],
    [beta, alpha],
  ];

  beforeAll(async () => {
    lab = await ChartLab.start();
    [alpha, beta] = await Promise.all([
      lab.add({ name: 'alpha', id: 1, helm: 4, values: { tls: alphaTls(1095) } }),
      lab.add({ name: 'beta', id: 2, helm: 3, values: { tls: betaTls(1095) } }),
    ]);
    await alpha.install();
    const metadata = { name: 'cilium-ca', namespace };
    const authority = await alpha.secret('cilium-ca');
    await beta.kube.client.apply({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: authority });
    await beta.install();
    await beta.runCertificatesJob();
    for (const { samples, agent } of [alpha, beta]) {
      await samples.fill(2);
      agent.start();
    }
    await Promise.all([alpha.waitReady(), beta.waitReady()]);
  });
  afterAll(() => lab.stop());

  it('run with what the chart renders, and pass its probes', async () => {
    for (const { pod } of [alpha, beta])
      for (const container of servers)
        for (const probe of ['readinessProbe', 'livenessProbe', 'startupProbe'] as const)
          expect([container, probe, await pod.probe(container, probe)]).toEqual([container, probe, true]);
  });

  it('see each other’s services once they are connected', async () => {
    const first = alpha.pod.name;

    const { code, stdout, stderr } = await lab.run(
      'connect',
      '--context=alpha',
      '--destination-context=beta',
    );

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Connected cluster alpha <=> beta!');
    // The host aliases are in the pod's template: it is replaced, as any Deployment's.
    await eventually(() => alpha.pod.name !== first, { timeoutMs: 60_000, what: 'the new pod of alpha' });
    for (const [own, other] of both()) {
      const same = async (): Promise<boolean> => (await contentFaults(own, other)).length === 0;
      await eventually(same, {
        timeoutMs: 60_000,
        everyMs: 200,
        what: `all of ${other.name} in ${own.name}`,
      }).catch(async (error: unknown) => {
        throw new Error((await contentFaults(own, other)).join('\n'), { cause: error });
      });
    }
  });

  it('are found well by status, and nothing is left to say', async () => {
    const { code, stdout, stderr } = await lab.run(
      'status',
      '--context=alpha,beta',
      '--wait',
      '--wait-duration=30s',
    );

    expect({ code, stdout, stderr: stderr.replaceAll(/^⌛.*$/gm, '').trim() }).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(stdout).toContain('- beta: configured, KVStoreMesh: 1/1 connected');
    expect(stdout).toContain('- alpha: configured, KVStoreMesh: 1/1 connected');
    expect(stdout).not.toMatch(/[❌⚠]/u);
  });

  it('hold nothing that the original would not find, under leases as it takes them', async () => {
    for (const [own, other] of both()) {
      const ttls = await own.inEtcd(grantedTtls);
      const unleased = [...ttls].filter(([, ttl]) => ttl === 0).map(([key]) => key);
      const records = [
        `cilium/.users/v1/remote-${other.name}`,
        `cilium/.users/v1/remote-${own.name}`,
      ].toSorted();
      expect(unleased).toEqual(['cilium/.has-cluster-config', ...records]);
      expect(new Set([...ttls.values()].filter((ttl) => ttl > 0))).toEqual(new Set([900]));
      expect(await contentFaults(own, other)).toEqual([]);
    }
  });

  it('see nothing of it when the other one gets a new pod, with a new etcd', async () => {
    const copies = (): Promise<unknown> =>
      alpha.inEtcd(async (etcd) => {
        const stored = await readKeys(etcd, 'cilium/');
        return [...stored].filter(([key]) => key.includes('/beta') && !isUserRecord(key));
      });
    const connections = (): Promise<Set<string>[]> => Promise.all(etcdConnections(alpha, [32_379]));
    const [before, first, [, old]] = [await copies(), beta.pod.name, await connections()];

    await beta.install(replaced);
    await eventually(() => beta.pod.name !== first, { timeoutMs: 60_000, what: 'the new pod of beta' });
    const reconnected = async (): Promise<boolean> => {
      const [, now] = await connections();
      return now!.size === 1 && [...now!].every((one) => !old!.has(one));
    };
    await eventually(reconnected, { timeoutMs: 30_000, everyMs: 100, what: 'a connection to the new etcd' });
    const status = await lab.run('status', '--context=alpha,beta', '--wait', '--wait-duration=30s');

    expect(status).toMatchObject({ code: 0 });
    // Not one of them was written again, which their revisions would show.
    expect(await copies()).toEqual(before);
    expect(await contentFaults(beta, alpha)).toEqual([]);
  });

  it('change their certificates without one failed write', async () => {
    const clusters = [alpha, beta];
    const indexes = Array.from({ length: 10 }, (_, index) => 100 + index);
    for (const index of indexes) await beta.samples.set('service', index);
    const before = await Promise.all(clusters.map(serials));
    const pods = clusters.map(({ pod }) => pod.name);
    const connections = await Promise.all(clusters.flatMap((cluster) => etcdConnections(cluster)));
    const churn = new ServiceChurn(
      beta,
      indexes.map((index) => `service-${String(index)}`),
      20,
    );
    let last: ReadonlyMap<string, string>;
    try {
      await alpha.install({ tls: alphaTls(1000) });
      await beta.install({ ...replaced, tls: betaTls(1000, 'cluster') });
      await beta.runCertificatesJob();
      const renewed = async (ports: readonly number[]): Promise<boolean> => {
        const now = await Promise.all(clusters.flatMap((cluster) => etcdConnections(cluster, ports)));
        return now.every((set, index) => [...set].every((one) => !connections[index]!.has(one)));
      };
      const limit = { timeoutMs: 40_000, everyMs: 100 };
      await eventually(() => renewed([2379]), { ...limit, what: 'new connections to the own etcd' });
      // Another cluster sees the new certificate with the next connection, as with the original.
      await lab.cutConnections();
      await eventually(() => renewed([2379, 32_379]), {
        ...limit,
        what: 'new connections to the other etcd',
      });
    } finally {
      last = await churn.stop();
    }

    // An own etcd each, and for kvstoremesh the other cluster's.
    expect(connections.map((set) => set.size)).toEqual([1, 2, 1, 2]);
    const after = await Promise.all(clusters.map(serials));
    expect(before.flat().filter((serial) => after.flat().includes(serial))).toEqual([]);
    for (const [index, cluster] of clusters.entries()) {
      const { ca, ...admin } = await cluster.certificate('clustermesh-apiserver-admin-cert');
      expect(await shownSerial(await cluster.pod.forward(2379), admin, ca)).toBe(after[index]![0]);
    }
    const arrived = async (): Promise<boolean> => {
      const found = await revisions(alpha, 'cilium/cache/services/v1/beta/sample/');
      return [...last].every(([name, revision]) => found.get(name) === revision);
    };
    await eventually(arrived, { everyMs: 200, what: 'the last change of every service' });
    for (const cluster of clusters)
      for (const server of servers) expect(failures(await metricsOf(cluster, server))).toEqual([]);
    expect(churn.changes).toBeGreaterThan(100);
    // Beta's old certificate is good for nothing in alpha any more: it names a user that is gone.
    await alpha.inEtcd(async (etcd) => (await etcd.etcd3()).auth.userDelete({ name: 'remote' }));
    await lab.cutConnections();
    const status = await lab.run('status', '--context=alpha,beta', '--wait', '--wait-duration=30s');
    expect(status).toMatchObject({ code: 0 });
    expect(clusters.map(({ pod }) => pod.name)).toEqual(pods);
    for (const index of indexes) await beta.samples.delete('service', index);
    for (const [own, other] of both())
      await eventually(async () => (await contentFaults(own, other)).length === 0, { everyMs: 200 });
  });

  it('disconnect: the cluster is forgotten at once, its keys when agents had time to go', async () => {
    const { code, stderr } = await lab.run('disconnect', '--context=alpha', '--destination-context=beta');

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const cluster of [alpha, beta])
      for (const name of ['cilium-clustermesh', 'cilium-kvstoremesh'])
        expect(await cluster.secret(name)).toEqual({});
    const config = (): Promise<string | undefined> =>
      beta.inEtcd((etcd) => etcd.get('cilium/cluster-config/alpha'));
    await eventually(async () => (await config()) === undefined, { timeoutMs: 20_000, everyMs: 100 });
    // Three minutes, as the original's (spec/kvstoremesh.md §9).
    const left = await beta.inEtcd((etcd) => etcd.list('cilium/cache/services/v1/alpha/'));
    expect(left.length).toBe(2);
  });

  it('leave keys and leases behind when they are stopped', async () => {
    const keys = (): Promise<string[]> =>
      beta.inEtcd(async (etcd) =>
        [...(await readKeys(etcd, 'cilium/'))]
          .filter(([key]) => !isLock(key))
          .map(([key, { value, lease }]) => `${key} ${value} ${lease}`),
      );
    const before = await keys();

    for (const server of servers)
      expect(await beta.pod.container(server).stop()).toEqual({ code: 0, signal: null });

    expect(await keys()).toEqual(before);
    expect(
      [...(await beta.inEtcd(grantedTtls)).values()].filter((ttl) => ttl === 900).length,
    ).toBeGreaterThan(10);
  });
});

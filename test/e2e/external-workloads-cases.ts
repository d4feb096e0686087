import { expect } from 'vitest';
import { inRange, identityRange } from '../../src/modules/identity-allocator/identity-range.js';
import { type KubeApi, KubeError, type HttpMethod } from '../../src/modules/kubernetes/kube-api.js';
import { eventually } from '../support/eventually.js';
import type { AppOptions, KubeItem, WorkloadLab } from '../support/workload-lab.js';
import { goldenCase, play } from '../support/workload-golden.js';

/** Something happens before a request is sent; an error that it throws is the request's answer. */
function disturbed(
  before: (method: HttpMethod, path: string, body: unknown) => Promise<void> | void,
): AppOptions {
  return {
    api: (real): KubeApi => ({
      stream: (path, options) => real.stream(path, options),
      request: async (method, path, options) => {
        await before(method, path, options?.body);
        return real.request<never>(method, path, options);
      },
    }),
  };
}

const default0 = { args: ['--cluster-id=0', '--cluster-name=default'] };

async function joined(lab: WorkloadLab, name: string, ip: string, labels = {}): Promise<number> {
  await lab.workload(name, labels);
  const { NodeIdentity } = await lab.join(name, [ip]);
  await lab.published(name, ip);
  return NodeIdentity;
}

const identity = (number: number, label: string): object => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumIdentity',
  metadata: { name: String(number) },
  'security-labels': { 'k8s:label': label },
});

/** What goes wrong around registrations. */
export const faultCases: Record<string, (lab: WorkloadLab, name: string) => Promise<void>> = {
  'CEW labels changed, then only the server restarts': async (lab) => {
    await lab.run();
    const number = await joined(lab, 'race2', '10.0.0.2', { app: 'before' });
    await lab.workload('race2', { app: 'changed' });
    await lab.stopApps();
    const app = await lab.run();
    await eventually(() => app.complaints('race2').length === 1);
    const node = await lab.object<KubeItem>('ciliumnodes', 'race2');
    expect(node!.spec!.nodeidentity).toBe(number);
    expect(node!.metadata.labels!.app).toBe('before');
    // When the VM registers again it gets the identity of its new labels.
    const next = await lab.join('race2', ['10.0.0.3']);
    await lab.published('race2', '10.0.0.3');
    expect(next.NodeIdentity).not.toBe(number);
    expect((await lab.object<KubeItem>('ciliumnodes', 'race2'))!.metadata.labels!.app).toBe('changed');
    expect(app.crashes).toEqual([]);
  },
  'namespace of the endpoint does not exist': async (lab, name) => {
    // The API server of the tests asks for no namespaces, so somebody else does.
    let exists = false;
    const app = await lab.run(
      disturbed((method, path) => {
        if (method !== 'POST' || !path.includes('/nope2/') || exists) return;
        throw new KubeError('namespaces "nope2" not found', 404, 'NotFound');
      }),
    );
    await play(lab, name);
    await eventually(() => app.complaints('nsmiss').length === 1);
    expect(await lab.object('ciliumnodes', 'nsmiss')).toBeDefined();
    await joined(lab, 'other', '10.0.0.2');
    exists = true;
    await lab.published('nsmiss', '192.168.44.61');
    const endpoint = await lab.object<KubeItem>('ciliumendpoints', 'nsmiss', 'nope2');
    expect(endpoint!.status!.state).toBe('ready');
    expect(app.complaints('nsmiss')).toHaveLength(1);
  },
  'restart with registered VMs and many identities': async (lab) => {
    await lab.run();
    const number = await joined(lab, 'pair-a', '10.0.0.2');
    await lab.stopApps();
    for (let i = 0; i < 500; i += 25) {
      await Promise.all(
        Array.from({ length: 25 }, (_, j) => lab.create(identity(300_000 + i + j, `l${i + j}`))),
      );
    }
    const app = await lab.run();
    await eventually(() => app.stage('external-workloads')!.counts.published === 1);
    expect(app.stage('identity-allocator')!.counts).toMatchObject({ created: 0, heldIdentities: 1 });
    await lab.put('pair-a', { Name: 'pair-a' });
    expect((await lab.answer('pair-a')).NodeIdentity).toBe(number);
    expect(app.crashes).toEqual([]);
  },
  'transient read error on an existing CiliumNode': async (lab) => {
    let faults = 0;
    const app = await lab.run(
      disturbed((method, path) => {
        if (method === 'GET' && path.endsWith('/ciliumnodes/race2') && faults++ === 0)
          throw new KubeError('injected', 500, 'InternalError');
      }),
    );
    await joined(lab, 'race2', '10.0.0.2');
    const record = (await lab.registration('race2'))!;
    await lab.put('race2', { ...record, IPAddresses: [{ Type: 'InternalIP', IP: '192.168.44.55' }] });
    await lab.published('race2', '192.168.44.55');
    expect(faults).toBeGreaterThan(1);
    expect(app.crashes).toEqual([]);
  },
  'CiliumNode update conflicts': async (lab) => {
    let conflicts = 0;
    const path = '/apis/cilium.io/v2/ciliumnodes/race2';
    const app = await lab.run(
      disturbed(async (method, at) => {
        if (method !== 'PUT' || at !== path || ++conflicts > 7) return;
        const annotations = { other: String(conflicts) };
        await lab.kube.request('PATCH', path, { metadata: { annotations } }, 'application/merge-patch+json');
      }),
    );
    await joined(lab, 'race2', '10.0.0.2');
    const record = (await lab.registration('race2'))!;
    await lab.put('race2', { ...record, IPAddresses: [{ Type: 'InternalIP', IP: '192.168.44.56' }] });
    await lab.published('race2', '192.168.44.56');
    const node = await lab.object<KubeItem>('ciliumnodes', 'race2');
    expect(conflicts).toBe(8);
    expect(node!.metadata.annotations).toEqual({ other: '7' });
    expect(app.crashes).toEqual([]);
  },
  'CEW status conflict and other status errors': async (lab) => {
    let puts = 0;
    const path = '/apis/cilium.io/v2/ciliumexternalworkloads/race2';
    const app = await lab.run(
      disturbed(async (method, at) => {
        if (method !== 'PUT' || at !== `${path}/status`) return;
        puts++;
        if (puts === 1)
          await lab.kube.request(
            'PATCH',
            path,
            { metadata: { labels: { app: 'x' } } },
            'application/merge-patch+json',
          );
        if (puts === 3) throw new KubeError('injected', 500, 'InternalError');
      }),
    );
    await joined(lab, 'race2', '192.168.44.53');
    const record = (await lab.registration('race2'))!;
    await lab.put('race2', { ...record, IPAddresses: [{ Type: 'InternalIP', IP: '192.168.44.54' }] });
    await lab.published('race2', '192.168.44.54');
    expect(puts).toBeGreaterThanOrEqual(4);
    expect(app.crashes).toEqual([]);
  },
  'two allocators pick the same ID': async (lab, name) => {
    const tried: number[] = [];
    await lab.run(
      disturbed(async (method, path, body) => {
        if (method !== 'POST' || !path.endsWith('/ciliumidentities')) return;
        const number = Number((body as KubeItem).metadata.name);
        tried.push(number);
        if (tried.length <= 2) await lab.create(identity(number, 'of another'));
      }),
    );
    await play(lab, name);
    expect((await lab.answer('race1')).NodeIdentity).toBe(tried[2]);
    expect(new Set(tried).size).toBe(3);
  },
  'two server replicas on the same etcd and Kubernetes': async (lab) => {
    const apps = await Promise.all([lab.run(), lab.run()]);
    const twins = Array.from({ length: 8 }, (_, i) => `twin${i + 1}`);
    await Promise.all(twins.map((twin) => lab.workload(twin)));
    const puts = await Promise.all(twins.map((twin) => lab.put(twin, { Name: twin })));
    await Promise.all(twins.map((twin) => lab.answer(twin)));
    await Promise.all(twins.map((twin, i) => lab.join(twin, [`10.0.0.${i + 1}`])));
    await Promise.all(twins.map((twin, i) => lab.published(twin, `10.0.0.${i + 1}`)));
    expect(puts).toHaveLength(8);
    expect(await lab.objects('ciliumidentities')).toHaveLength(8);
    expect(apps.flatMap((app) => app.crashes)).toEqual([]);
  },
  'deleted out-of-range identity poisons the pool': async (lab) => {
    const range = identityRange(3, 255);
    await lab.create(identity(327_685, 'y'));
    await lab.create(identity(300, 'y'));
    const app = await lab.run();
    const { counts } = app.stage('identity-allocator')!;
    expect(counts).toMatchObject({ identities: 2, usedNumbers: 0, freeNumbers: 65_536 });
    await lab.removeAll('CiliumIdentity');
    await eventually(() => app.stage('identity-allocator')!.counts.identities === 0);
    expect(app.stage('identity-allocator')!.counts.freeNumbers).toBe(65_536);
    await lab.workload('y2');
    expect(inRange(range, (await lab.join('y2', ['10.0.0.2'])).NodeIdentity)).toBe(true);
  },
  'workload name longer than a label value': async (lab, name) => {
    const app = await lab.run(default0);
    await play(lab, name);
    expect((await lab.answer('db.dc1.example.com', 2000)).Cluster).toBe('default');
    const { Name } = goldenCase(name).steps.find(({ op }) => op === 'etcd.put')!.value!;
    await eventually(() => app.complaints(Name).length === 1);
    expect((await lab.registration(Name))!.NodeIdentity).toBe(0);
  },
  'two blocked workloads at start-up': async (lab) => {
    const long = ['a', 'b'].map((letter) => letter.repeat(64));
    for (const vm of [...long, 'good']) {
      await lab.workload(vm);
      await lab.put(vm, { Name: vm });
    }
    const app = await lab.run();
    expect((await lab.answer('good', 2000)).NodeIdentity).toBeGreaterThan(0);
    for (const vm of long) await eventually(() => app.complaints(vm).length === 1);
  },
  'cluster 0 / default': async (lab, name) => {
    await lab.run(default0);
    await play(lab, name);
    const { status } = await lab.published('db.dc1.example.com', '192.168.44.81');
    const { range, etcd } = goldenCase(name).expect as {
      range: [number, number];
      etcd: Record<string, string>;
    };
    expect(inRange({ min: range[0], max: range[1] }, status!.id as number)).toBe(true);
    const node = await eventually(() => lab.probe.get('cilium/state/nodes/v1/default/db.dc1.example.com'));
    expect(JSON.parse(node)).toMatchObject({ ClusterID: 0, NodeIdentity: status!.id });
    const key = `cilium/state/identities/v1/id/${status!.id as number}`;
    expect(await lab.probe.get(key)).toBe(etcd['cilium/state/identities/v1/id/26493']);
  },
  'identity ranges': (_, name) => {
    const step = goldenCase(name).steps[0] as unknown as { matrix: [number, number][] };
    const { ranges } = goldenCase(name).expect as { ranges: unknown[] };
    const ours = step.matrix.map(([id, max]) => {
      if (id > max) return 'start refused, exit 1';
      const range = identityRange(id, max);
      return [range.min, range.max];
    });
    expect(ours).toEqual(ranges);
    return Promise.resolve();
  },
  "CiliumNode of a real Kubernetes node has the CEW's name": async (lab, name) => {
    const app = await lab.run(default0);
    await lab.create(goldenCase(name).steps[0]!.object!);
    const before = await lab.object<KubeItem>('ciliumnodes', 'worker-1');
    await lab.create(goldenCase(name).steps[1]!.object!);
    await lab.join('worker-1', ['192.168.44.82']);
    await eventually(() => app.complaints('worker-1').length === 1);
    expect(await lab.object('ciliumnodes', 'worker-1')).toEqual(before);
    expect(await lab.objects('ciliumendpoints')).toEqual([]);
  },
  'server dies after answering phase 1': async (lab, name) => {
    await lab.run({ args: ['--kvstore-lease-ttl=25s'] });
    await play(lab, name);
    await lab.answer('lease1');
    await lab.stopApps();
    const { lease } = (await lab.probe.entry('cilium/state/noderegister/v1/lease1'))!;
    const granted = await (await lab.probe.etcd3()).leaseClient.leaseTimeToLive({ ID: lease, keys: false });
    expect(Number(granted.grantedTTL)).toBe(25);
    // The lease ends: the key goes, and the VM that knocks again is answered with the same identity.
    const [only] = await lab.objects('ciliumidentities');
    await lab.probe.revoke(lease);
    expect(await lab.registration('lease1')).toBeUndefined();
    await lab.run();
    const again = await lab.join('lease1', ['10.0.0.2']);
    expect(String(again.NodeIdentity)).toBe(only!.metadata.name);
  },
  'odd keys at the prefix': async (lab) => {
    const app = await lab.run();
    await lab.workload('zgood');
    await lab.probe.put('cilium/state/noderegister/v1zzz', JSON.stringify({ Name: 'zgood' }));
    await lab.probe.put('cilium/state/noderegister/v1', 'x');
    await joined(lab, 'other', '10.0.0.2');
    expect(await lab.registration('zgood')).toBeUndefined();
    expect(app.stage('external-workloads')!.counts.registrations).toBe(1);
    expect(app.crashes).toEqual([]);
  },
  'feature switched off': async (lab, name) => {
    const requests: string[] = [];
    const app = await lab.run({
      args: ['--enable-external-workloads=false'],
      api: (real): KubeApi => ({
        stream: (path, options) => {
          requests.push(path);
          return real.stream(path, options);
        },
        request: (method, path, options) => real.request<never>(method, path, options),
      }),
    });
    await play(lab, name);
    expect((await lab.registration('dis'))!.NodeIdentity).toBe(0);
    expect(requests.filter((path) => path.includes('ciliumexternalworkloads'))).toEqual([]);
    expect(app.stage('external-workloads')).toBeUndefined();
    await lab.stopApps();
    await lab.run();
    await lab.answer('dis');
  },
};

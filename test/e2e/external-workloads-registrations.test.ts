import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MirrorAdmin } from '../../src/modules/mirror/mirror-admin.service.js';
import { eventually } from '../support/eventually.js';
import { type KubeItem, registerPrefix, WorkloadLab } from '../support/workload-lab.js';

const addresses = (IP: string) => ({ IPAddresses: [{ Type: 'InternalIP', IP }] });

describe('registrations', () => {
  let lab: WorkloadLab;

  beforeAll(async () => {
    lab = await WorkloadLab.start();
  });
  afterEach(() => lab.reset());
  afterAll(() => lab.stop());

  it('with the identity of another workload, or of none, are refused with one line', async () => {
    const app = await lab.run();
    for (const vm of ['victim', 'thief', 'liar']) await lab.workload(vm);
    const victim = await lab.join('victim', ['10.0.0.1']);
    const thief = await lab.join('thief', ['10.0.0.2']);
    await lab.answer('victim');
    await lab.published('thief', '10.0.0.2');
    const liar = { Name: 'liar', NodeIdentity: 70_000 };
    await lab.put('thief', { ...thief, NodeIdentity: victim.NodeIdentity, ...addresses('10.0.0.3') });
    await lab.put('liar', { ...liar, ...addresses('10.0.0.4') });

    for (const vm of ['thief', 'liar']) await eventually(() => app.complaints(vm).length === 1);
    await lab.published('victim', '10.0.0.1');

    expect((await lab.object<KubeItem>('ciliumnodes', 'thief'))!.spec!.nodeidentity).toBe(thief.NodeIdentity);
    expect(await lab.object('ciliumnodes', 'liar')).toBeUndefined();
    expect(app.complaints('thief')[0]!.fields).toMatchObject({ identity: victim.NodeIdentity });
  });

  it('with equal labels share an identity, which is held until the last workload goes', async () => {
    const app = await lab.run();
    const shared = { 'io.kubernetes.pod.name': 'both' };
    await Promise.all(['one', 'two'].map((vm) => lab.workload(vm, shared)));
    const answers = await Promise.all(['one', 'two'].map((vm) => lab.join(vm, ['10.0.0.1'])));
    const holds = () => app.stage('identity-allocator')!.counts;
    expect(answers[0]!.NodeIdentity).toBe(answers[1]!.NodeIdentity);
    expect(holds()).toMatchObject({ heldIdentities: 1, holders: 2 });

    const cew = { apiVersion: 'cilium.io/v2', kind: 'CiliumExternalWorkload' };
    await lab.kube.client.delete({ ...cew, metadata: { name: 'one' } });
    await eventually(() => holds().holders === 1);
    expect(holds().heldIdentities).toBe(1);
    await lab.kube.client.delete({ ...cew, metadata: { name: 'two' } });
    await eventually(() => holds().heldIdentities === 0);
  });

  it('are left alone by a restart, and put right by a resync', async () => {
    await lab.run();
    await lab.workload('vm');
    await lab.join('vm', ['10.0.0.1']);
    await lab.published('vm', '10.0.0.1');
    const plurals = ['ciliumidentities', 'ciliumnodes', 'ciliumendpoints', 'ciliumexternalworkloads'];
    const all = () => Promise.all(plurals.map((plural) => lab.objects(plural)));
    const before = await all();
    await lab.stopApps();
    const app = await lab.run();
    await eventually(() => app.stage('external-workloads')!.counts.published === 1);
    expect(await all()).toEqual(before);

    const path = '/apis/cilium.io/v2/namespaces/default/ciliumendpoints/vm';
    await lab.kube.request('PATCH', path, { status: { state: 'gone' } }, 'application/merge-patch+json');
    await app.get(MirrorAdmin).resync({ dryRun: false }, new AbortController().signal);

    await eventually(
      async () => (await lab.object<KubeItem>('ciliumendpoints', 'vm', 'default'))!.status!.state === 'ready',
    );
  });

  it('that arrive when etcd comes back are seen all the same', async () => {
    const app = await lab.run();
    await lab.workload('vm');
    await lab.etcd.kill();
    await eventually(() => app.stage('external-workloads')!.healthy === false, { timeoutMs: 40_000 });
    await lab.etcd.restart();
    const probe = lab.etcd.client();
    await probe.compact(await probe.put(`${registerPrefix}vm`, JSON.stringify({ Name: 'vm' })));

    const answered = async () => (await probe.get(`${registerPrefix}vm`))!.includes('"Cluster":"east"');
    await eventually(answered, { timeoutMs: 40_000 });
    expect(app.crashes).toEqual([]);
  });
});

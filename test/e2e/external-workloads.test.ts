import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { type KubeItem, WorkloadLab } from '../support/workload-lab.js';
import { goldenCase, goldenCases, play, substituted } from '../support/workload-golden.js';
import { faultCases } from './external-workloads-cases.js';

// eslint-disable-next-line typescript/no-explicit-any
type Expected = Record<string, any>;

const networkingOf = (endpoint: KubeItem | undefined): unknown => endpoint?.status?.networking;

/** What must come of each golden case, by name. Where the original shows a defect it is what `betterImplementation` says. */
const cases: Record<string, (lab: WorkloadLab, name: string) => Promise<void>> = {
  'happy-path-ipv4 (real agent registrar code against the real server)': async (lab, name) => {
    const { expect: expected } = goldenCase(name);
    await lab.run();
    await play(lab, name);
    const workload = await lab.published('vm1', '192.168.44.10');
    const node = (await lab.object<KubeItem>('ciliumnodes', 'vm1'))!;
    const id = workload.status!.id as number;
    const uids = { '<uid of the CEW>': workload.metadata.uid, '<uid of the CiliumNode>': node.metadata.uid };
    const wanted = substituted(expected, { '219843': String(id), ...uids }) as Record<string, Expected>;
    const identity = await lab.object('ciliumidentities', String(id));
    const endpoint = await lab.object('ciliumendpoints', 'vm1', 'default');
    expect(await lab.registration('vm1')).toEqual(
      (wanted['etcdWatchOfRegisterKey'] as unknown as object[])[2],
    );
    expect(identity).toMatchObject(wanted['CiliumIdentity']!);
    const {
      'alibaba-cloud': _a,
      azure: _z,
      eni: _e,
      ipam,
      ...spec
    } = wanted['CiliumNode']!['spec'] as Expected;
    expect(node.metadata).toMatchObject(wanted['CiliumNode']!['metadata']);
    expect(node.spec).toEqual({ ...(spec as object), ipam: { podCIDRs: (ipam as Expected)['podCIDRs'] } });
    expect(endpoint).toMatchObject(wanted['CiliumEndpoint']!);
    expect(workload.status).toEqual(wanted['CiliumExternalWorkload.status']);
    for (const [key, value] of Object.entries(wanted['etcd']!)) {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      await eventually(async () => (await lab.probe.get(key)) === text, { what: `${key} = ${text}` });
    }
  },
  'unknown CEW, created later': async (lab, name) => {
    const app = await lab.run();
    await lab.put('late1', { Name: 'late1', Source: 'local', NodeIdentity: 0 });
    await eventually(() => app.complaints('late1').length > 0);
    await play(lab, name);
    // The very record that was refused is answered: the agent does not write it again.
    expect((await lab.answer('late1')).IPv4AllocCIDR).toEqual({ IP: '10.192.9.0', Mask: '/////A==' });
    expect(app.complaints('late1')).toHaveLength(1);
  },
  'ipv6 only': async (lab, name) => {
    await lab.run();
    await play(lab, name);
    await lab.published('vm6', 'fd00:44::10');
    expect(networkingOf(await lab.object('ciliumendpoints', 'vm6', 'default'))).toEqual({
      addressing: [{ ipv6: 'fd00:44::10' }, { ipv6: 'fd00:10:192:2::1' }],
      node: 'fd00:44::10',
    });
    const node = await lab.object<KubeItem>('ciliumnodes', 'vm6');
    expect(node!.spec!.ipam.podCIDRs).toEqual(['fd00:10:192:2::/64']);
    const value = await eventually(() => lab.probe.get('cilium/state/ip/v1/default/fd00:44::10'));
    expect(JSON.parse(value)).toMatchObject({ HostIP: 'fd00:44::10', ID: node!.spec!.nodeidentity });
  },
  'zero identity with addresses is still phase 1': async (lab, name) => {
    await lab.run();
    await play(lab, name);
    expect((await lab.answer('odd')).IPAddresses).toBeNull();
  },
  'node address choice: only external and hostname addresses': async (lab, name) => {
    const { expect: expected } = goldenCase(name);
    await lab.run();
    await play(lab, name);
    await lab.published('odd2', '8.8.8.8');
    expect(networkingOf(await lab.object('ciliumendpoints', 'odd2', 'default'))).toEqual(
      expected['CiliumEndpoint.status.networking'],
    );
  },
  'address text forms': async (lab, name) => {
    const { expect: expected } = goldenCase(name);
    await lab.run();
    await play(lab, name);
    const { status } = await lab.published('ord', '192.168.44.131');
    const endpoint = await lab.object<KubeItem>('ciliumendpoints', 'ord', 'default');
    const node = await lab.object<KubeItem>('ciliumnodes', 'ord');
    expect(node!.spec!.addresses).toEqual(expected['CiliumNode.spec.addresses']);
    expect(endpoint!.status!.networking.addressing).toEqual(
      expected['CiliumEndpoint.status.networking.addressing'],
    );
    expect(endpoint!.status!.identity.labels).toEqual(expected['CiliumEndpoint.status.identity.labels']);
    const key = `cilium/state/identities/v1/id/${status!.id as number}`;
    expect(await eventually(() => lab.probe.get(key))).toBe(expected['etcdIdentityValue']);
  },
  'alloc CIDRs the CRD rejects': async (lab, name) => {
    // The definition of the tests lets them through; then each is complained of once, and the VM is answered without.
    const app = await lab.run();
    await play(lab, name);
    for (const vm of ['a', 'b', 'c']) {
      await lab.put(vm, { Name: vm });
      expect(await lab.answer(vm)).toMatchObject({ IPv4AllocCIDR: null, IPv6AllocCIDR: null });
      await eventually(() => app.complaints(vm).length === 1);
    }
  },
  'IPv4-mapped ipv6-alloc-cidr': async (lab, name) => {
    const { expect: expected } = goldenCase(name);
    await lab.run();
    await play(lab, name);
    expect((await lab.answer('badc4')).IPv6AllocCIDR).toEqual(expected['answer.IPv6AllocCIDR']);
  },
  'two VMs, same labels, default pod name': async (lab, name) => {
    await lab.run();
    await play(lab, name);
    const answers = await Promise.all([lab.answer('pair-a'), lab.answer('pair-b')]);
    expect(answers[0].NodeIdentity).not.toBe(answers[1].NodeIdentity);
  },
  'no label filtering; namespace-label prefix; reserved. prefix; default overrides': async (lab, name) => {
    const { expect: expected } = goldenCase(name);
    await lab.run();
    await play(lab, name);
    const answer = await lab.answer('odd2');
    const identity = await lab.object<KubeItem>('ciliumidentities', String(answer.NodeIdentity));
    expect(answer.Labels).toEqual(expected['answer.Labels']);
    expect(identity!.metadata.labels).toEqual(expected['CiliumIdentity.metadata.labels']);
    expect(identity!['security-labels']).toEqual(expected['CiliumIdentity.security-labels']);
  },
  're-registration after reboot': async (lab, name) => {
    await lab.run();
    await lab.workload('vm1');
    const first = await lab.join('vm1', ['192.168.44.11']);
    await lab.published('vm1', '192.168.44.11');
    const before = await lab.object<KubeItem>('ciliumnodes', 'vm1');
    await lab.put('vm1', { Name: 'vm1', Source: 'local', NodeIdentity: 0 });
    expect(await lab.answer('vm1')).toMatchObject({ NodeIdentity: first.NodeIdentity, IPAddresses: null });
    expect(await lab.object('ciliumnodes', 'vm1')).toEqual(before);
    await play(lab, name);
    await lab.published('vm1', '192.168.44.12');
    const after = await lab.object<KubeItem>('ciliumnodes', 'vm1');
    expect(after!.metadata.uid).toBe(before!.metadata.uid);
    expect(after!.spec).toMatchObject({ bootid: 'boot2', nodeidentity: first.NodeIdentity });
    const ips = async (): Promise<string[]> =>
      (await lab.probe.list('cilium/state/ip/v1/')).map(([key]) => key.replace(/.*\//, ''));
    await eventually(async () => (await ips()).join(',') === '192.168.44.12');
  },
  'key path and Name differ': async (lab, name) => {
    const app = await lab.run();
    await play(lab, name);
    await eventually(() => app.complaints('attacker').length === 1);
    await lab.join('victim', ['10.0.0.9']);
    await lab.published('victim', '10.0.0.9');
    expect((await lab.registration('attacker'))!.NodeIdentity).toBe(0);
  },
  'malformed register values': async (lab, name) => {
    const app = await lab.run();
    await play(lab, name);
    const bad = Array.from({ length: 9 }, (_, i) => `bad${i + 1}`);
    for (const vm of bad) await eventually(() => app.complaints(vm).length > 0, { what: vm });
    await lab.workload('good');
    await lab.join('good', ['10.0.0.9']);
    await lab.published('good', '10.0.0.9');
    expect(bad.map((vm) => app.complaints(vm).length)).toEqual(bad.map(() => 1));
    expect(app.crashes).toEqual([]);
  },
  'null element in a secondary CIDR list crashes the server': async (lab, name) => {
    const app = await lab.run();
    await play(lab, name);
    await lab.published('cr1', '192.168.44.121');
    expect(app.crashes).toEqual([]);
  },
  'heartbeat annotation on a known identity': async (lab) => {
    await lab.run();
    await lab.workload('vm1');
    const { NodeIdentity } = await lab.join('vm1', ['10.0.0.9']);
    await lab.published('vm1', '10.0.0.9');
    const path = `/apis/cilium.io/v2/ciliumidentities/${NodeIdentity}`;
    const annotations = { 'io.cilium.heartbeat': '2026-11-23T12:00:00.000000000Z', other: 'stays' };
    await lab.kube.request('PATCH', path, { metadata: { annotations } }, 'application/merge-patch+json');
    await eventually(async () => {
      const identity = await lab.object<KubeItem>('ciliumidentities', String(NodeIdentity));
      return JSON.stringify(identity!.metadata.annotations) === '{"other":"stays"}';
    });
  },
  'register key deleted, one re-appears': async (lab) => {
    await lab.run();
    for (const vm of ['pool-a', 'pool-b']) {
      await lab.workload(vm);
      await lab.join(vm, ['10.0.0.9']);
      await lab.published(vm, '10.0.0.9');
    }
    const before = await Promise.all(
      ['ciliumnodes', 'ciliumidentities'].map((plural) => lab.objects(plural)),
    );
    for (const vm of ['pool-a', 'pool-b']) await lab.probe.delete(`cilium/state/noderegister/v1/${vm}`);
    await lab.put('pool-b', { Name: 'pool-b' });
    await lab.answer('pool-b');
    expect(await Promise.all(['ciliumnodes', 'ciliumidentities'].map((p) => lab.objects(p)))).toEqual(before);
  },
  'CEW deleted': async (lab) => {
    const app = await lab.run();
    const cew = { apiVersion: 'cilium.io/v2', kind: 'CiliumExternalWorkload', metadata: { name: 'vm6' } };
    await lab.workload('vm6', { app: 'v6' });
    const answer = await lab.join('vm6', ['192.168.44.66']);
    await lab.published('vm6', '192.168.44.66');
    await lab.kube.client.delete(cew);
    await eventually(async () => (await lab.registration('vm6')) === undefined, { what: 'key removed' });
    expect(app.stage('identity-allocator')!.counts.holders).toBe(0);
    // Its agent puts it again; that is complained of and left alone.
    const IPAddresses = [{ Type: 'InternalIP', IP: '192.168.44.66' }];
    await lab.put('vm6', { ...answer, IPAddresses });
    await eventually(() => app.complaints('vm6').length === 2);
    expect(await lab.registration('vm6')).toMatchObject({ NodeIdentity: answer.NodeIdentity });
    await lab.removeAll('CiliumNode');
    await lab.removeAll('CiliumEndpoint');
    await lab.workload('vm6', { app: 'v6' });
    await lab.published('vm6', '192.168.44.66');
    const endpoint = await lab.object<KubeItem>('ciliumendpoints', 'vm6', 'default');
    expect(endpoint!.status!.identity.id).toBe(answer.NodeIdentity);
  },
  ...faultCases,
};

describe('the golden cases of external workloads', () => {
  let lab: WorkloadLab;

  beforeAll(async () => {
    lab = await WorkloadLab.startSecure();
  });
  afterEach(() => lab.reset());
  afterAll(() => lab.stop());

  it('have each an expectation of ours', () => {
    expect(Object.keys(cases).sort()).toEqual(goldenCases.map(({ name }) => name).sort());
  });

  it.each(goldenCases.map(({ name }) => name))('%s', async (name) => {
    await expect(cases[name]!(lab, name)).resolves.toBeUndefined();
  });
});

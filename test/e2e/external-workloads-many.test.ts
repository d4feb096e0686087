import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { IdentityAllocator } from '../../src/modules/identity-allocator/identity-allocator.js';
import { eventually } from '../support/eventually.js';
import { type Registration, registerPrefix, type WorkloadApp, WorkloadLab } from '../support/workload-lab.js';

const many = 500;
const names = Array.from({ length: many }, (_, i) => `vm-${String(i).padStart(3, '0')}`);
const ipOf = (name: string): string => `10.77.${name.slice(3, 4)}.${String(Number(name.slice(4)) + 1)}`;

describe('many at once', () => {
  let lab: WorkloadLab;

  beforeAll(async () => {
    lab = await WorkloadLab.start();
  });
  afterEach(() => lab.reset());
  afterAll(() => lab.stop());

  /** Each VM's next step, for all of them: whoever was answered tells its addresses. */
  const goOn = async (): Promise<void> => {
    const records = await lab.probe.list(registerPrefix);
    const answered = records
      .map(([, value]) => JSON.parse(value) as Registration)
      .filter(({ NodeIdentity, IPAddresses }) => NodeIdentity !== 0 && IPAddresses === null);
    await Promise.all(
      answered.map((record) => {
        const IPAddresses = [{ Type: 'InternalIP', IP: ipOf(record.Name) }];
        return lab.put(record.Name, { ...record, IPAddresses });
      }),
    );
  };

  const registerAll = async (apps: readonly WorkloadApp[]): Promise<number> => {
    await Promise.all(names.map((name) => lab.workload(name, { app: 'many' })));
    const started = performance.now();
    await Promise.all(names.map((name) => lab.put(name, { Name: name, NodeIdentity: 0 })));
    const done = async (): Promise<boolean> => {
      await goOn();
      const workloads = await lab.objects('ciliumexternalworkloads');
      return workloads.every(({ status, metadata }) => status?.ip === ipOf(metadata.name));
    };
    await eventually(done, { timeoutMs: 110_000, everyMs: 100, what: 'all published' });
    const ms = performance.now() - started;
    for (const app of apps) expect(app.crashes).toEqual([]);
    return ms;
  };

  const expectConsistent = async (): Promise<void> => {
    const [identities, nodes, endpoints, workloads] = await Promise.all(
      ['ciliumidentities', 'ciliumnodes', 'ciliumendpoints', 'ciliumexternalworkloads'].map((plural) =>
        lab.objects(plural),
      ),
    );
    const keys = identities!.map((identity) =>
      JSON.stringify(Object.entries(identity['security-labels']!).map(String).sort()),
    );
    expect(new Set(keys).size).toBe(many);
    expect(identities).toHaveLength(many);
    const numbers = (items: typeof nodes, of: (item: NonNullable<typeof nodes>[number]) => unknown) =>
      Object.fromEntries(items!.map((item) => [item.metadata.name, of(item)]));
    const expected = Object.fromEntries(
      identities!.map(({ metadata }) => [metadata.labels!['io.kubernetes.pod.name'], Number(metadata.name)]),
    );
    expect(numbers(nodes, (node) => node.spec!.nodeidentity)).toEqual(expected);
    expect(numbers(endpoints, (endpoint) => endpoint.status!.identity.id)).toEqual(expected);
    expect(numbers(workloads, (workload) => workload.status!.id)).toEqual(expected);
  };

  it('500 VMs register', async () => {
    const app = await lab.run({ args: ['--kvstore-opt=etcd.qps=1000'] });

    const ms = await registerAll([app]);

    await expectConsistent();
    expect(app.stage('external-workloads')!.counts).toMatchObject({ failed: 0, failing: 0, complaints: 0 });
    process.stderr.write(`500 VMs registered in ${Math.round(ms)} ms\n`);
  });

  it('500 VMs register with two replicas of the program, which agree on everything', async () => {
    const args = ['--kvstore-opt=etcd.qps=1000'];
    const apps = await Promise.all([lab.run({ args }), lab.run({ args })]);

    await registerAll(apps);

    await expectConsistent();
  });

  it('two allocators give 500 label sets one identity each, and no identity to two', async () => {
    const apps = await Promise.all([lab.run(), lab.run()]);
    const signal = new AbortController().signal;
    const acquireAll = (app: WorkloadApp): Promise<number[]> =>
      Promise.all(
        names.map((name) => app.get(IdentityAllocator).acquire(name, { 'k8s:name': name }, signal)),
      );

    const [first, second] = await Promise.all(apps.map(acquireAll));

    expect(second).toEqual(first);
    expect(new Set(first).size).toBe(many);
    expect(await lab.objects('ciliumidentities')).toHaveLength(many);
  });
});

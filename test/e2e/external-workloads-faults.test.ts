import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { GuardedKv } from '../../src/modules/etcd/guarded-kv.js';
import { EtcdFault } from '../../src/modules/etcd/kv.js';
import { type KubeApi, KubeError } from '../../src/modules/kubernetes/kube-api.js';
import { eventually } from '../support/eventually.js';
import { type AppOptions, WorkloadLab } from '../support/workload-lab.js';

/** The program's writes come to an end: with the n-th one, before or after it took place. */
class Death {
  writes: string[] = [];
  dead = false;

  constructor(
    private readonly at: number,
    private readonly when: 'before' | 'after',
  ) {}

  readonly options: AppOptions = {
    api: (real): KubeApi => ({
      stream: (path, options) => real.stream(path, options),
      request: (method, path, options) => {
        const send = () => real.request<never>(method, path, options);
        if (method === 'GET') return this.dead ? this.unanswered() : send();
        return this.write(`${method} ${path.split('/')[4]}`, send);
      },
    }),
    guarded: (real): GuardedKv => ({
      writeUnchanged: (writes, options) => this.write('answer', () => real.writeUnchanged(writes, options)),
    }),
  };

  private async write<T>(what: string, send: () => Promise<T>): Promise<T> {
    if (this.dead) return this.unanswered(what);
    this.writes.push(what);
    const dies = this.writes.length === this.at;
    if (dies) this.dead = true;
    if (dies && this.when === 'before') return this.unanswered(what);
    const answer = await send();
    return dies ? this.unanswered(what) : answer;
  }

  private unanswered(what = ''): Promise<never> {
    if (what === 'answer') return Promise.reject(new EtcdFault('no connection', 'unavailable'));
    return Promise.reject(new KubeError('no connection', 0, 'ECONNRESET'));
  }
}

const steps = [
  'POST ciliumidentities',
  'answer',
  'POST ciliumnodes',
  'POST namespaces',
  'PUT ciliumexternalworkloads',
];

describe('an end in the middle of a registration', () => {
  let lab: WorkloadLab;

  beforeAll(async () => {
    lab = await WorkloadLab.start();
  });
  afterEach(() => lab.reset());
  afterAll(() => lab.stop());

  const expectPublishedOnce = async (): Promise<void> => {
    const workload = await lab.published('vm', '10.9.9.9');
    const [identities, nodes, endpoints] = await Promise.all(
      ['ciliumidentities', 'ciliumnodes', 'ciliumendpoints'].map((plural) => lab.objects(plural)),
    );
    const id = Number(identities![0]!.metadata.name);
    expect([identities, nodes, endpoints].map((list) => list!.length)).toEqual([1, 1, 1]);
    expect(identities![0]!['security-labels']).toMatchObject({ 'k8s:app': 'x' });
    expect(nodes![0]!.spec).toMatchObject({ nodeidentity: id, addresses: [{ ip: '10.9.9.9' }] });
    expect(nodes![0]!.metadata.ownerReferences).toMatchObject([{ uid: workload.metadata.uid }]);
    expect(endpoints![0]!.metadata.ownerReferences).toMatchObject([{ uid: nodes![0]!.metadata.uid }]);
    expect(endpoints![0]!.status).toMatchObject({ identity: { id }, networking: { node: '10.9.9.9' } });
    expect(workload.status).toEqual({ id, ip: '10.9.9.9' });
  };

  it.each(
    steps.flatMap(
      (step, i) =>
        [
          { step, at: i + 1, when: 'before' },
          { step, at: i + 1, when: 'after' },
        ] as const,
    ),
  )('$when step $at ($step) is made good by the next run', async ({ at, when, step }) => {
    const death = new Death(at, when);
    await lab.workload('vm', { app: 'x' });
    await lab.run(death.options);
    const joined = lab.join('vm', ['10.9.9.9']);
    await eventually(() => death.dead, { what: 'the end' });
    expect(death.writes.at(-1)).toBe(step);
    await lab.stopApps();

    const next = await lab.run();
    await joined;

    await expectPublishedOnce();
    expect(next.crashes).toEqual([]);
    expect(next.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/common/clock.js';
import { silentLog } from '../../src/common/log.js';
import { parseRequests } from '../../src/modules/certificates/certificate-request.js';
import { CertificatesJob } from '../../src/modules/certificates/certificates-job.js';
import { directTransport } from '../../src/modules/kubernetes/direct-transport.js';
import { namespace, type Render, render } from '../chart/support/helm.js';
import { Child } from '../support/child.js';
import { eventually } from '../support/eventually.js';
import type { KubeApiserver } from '../support/kube-apiserver.js';
import type { ContainerSpec, PodSpec } from '../support/pods/pod-spec.js';
import { RealLab } from '../support/real-lab.js';
import type { ServerProcess } from '../support/server-process.js';
import { grantedRights, type RightsRule, usedRights } from '../support/used-rights.js';

const program = fileURLToPath(new URL('../../bin/clustermesh-apiserver', import.meta.url));
const day = 86_400_000;
const ofRights = ['ServiceAccount', 'Role', 'RoleBinding', 'ClusterRole', 'ClusterRoleBinding'];

/** What a render grants, in a cluster. */
async function grant(kube: KubeApiserver, chart: Render): Promise<void> {
  for (const object of chart.objects.filter(({ kind }) => ofRights.includes(kind)))
    await kube.client.apply(object);
}

function rightsOf(chart: Render, kind: 'Role' | 'ClusterRole', name?: string): string[] {
  return grantedRights(chart.get(kind, name).rules as RightsRule[]);
}

/** Every right is made use of, and nothing else is asked for. */
async function expectAllUsed(
  kube: KubeApiserver,
  account: string,
  granted: readonly string[],
): Promise<void> {
  const user = `system:serviceaccount:${namespace}:${account}`;
  expect(await usedRights(kube.auditLog, user, granted)).toEqual({ used: granted, refused: [] });
}

describe('the rights that the chart gives', () => {
  let lab: RealLab;
  let directory: string;

  beforeAll(async () => {
    lab = await RealLab.start({ rbac: true, audit: true, crds: false });
    directory = await mkdtemp(join(tmpdir(), 'rights-'));
  });
  afterAll(async () => {
    await lab.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it('to the servers of an external etcd are enough for two replicas of both, and no more', async () => {
    const chart = await render({ externalEtcd: { enabled: true, endpoints: [lab.etcd.endpoint] } });
    await grant(lab.kube, chart);
    const kubeconfig = await lab.kube.accountKubeconfig(namespace, 'clustermesh-apiserver');
    const elected = (name: string): string[] =>
      chart.container(name).args.filter((arg) => /^--(leader-election|enable-external)/.test(arg));
    const apiserver = { kubeconfig, args: elected('apiserver') };
    const meshArgs = [...elected('kvstoremesh'), `--clustermesh-config=${directory}`];
    const kvstoremesh = { command: 'kvstoremesh', kubeconfig, args: meshArgs } as const;

    const first = await lab.launch(apiserver);
    // Only definitions that are not there yet have to be watched.
    const waits = (): boolean =>
      first.stderrLines.some((line) => line.includes('Still waiting for Cilium Operator'));
    await eventually(waits, { timeoutMs: 20_000, what: 'the wait for definitions' });
    await lab.kube.applyCrds();
    await lab.cluster.fill(3);
    await first.waitReady();
    const second = await lab.startServer(apiserver);
    const meshes = [await lab.startServer(kvstoremesh), await lab.startServer(kvstoremesh)];
    await lab.expectState();
    expect([await role(first), await role(second)]).toEqual(['leading', 'standby']);
    await first.stop();
    await eventually(async () => (await role(second)) === 'leading', {
      timeoutMs: 20_000,
      what: 'the other one leads',
    });
    await lab.cluster.set('service', 1);
    await lab.expectState();

    await expectAllUsed(
      lab.kube,
      'clustermesh-apiserver',
      [...rightsOf(chart, 'ClusterRole'), ...rightsOf(chart, 'Role')].toSorted(),
    );
    for (const { stderrLines } of [first, second, ...meshes])
      expect(stderrLines.filter((line) => /forbidden/i.test(line))).toEqual([]);
  });

  it('to the certificate job are enough to make, renew and replace, and no more', async () => {
    const chart = await render({
      externalWorkloads: { enabled: true },
      tls: { auto: { method: 'cronJob', schedule: '' } },
    });
    await grant(lab.kube, chart);
    const account = 'clustermesh-apiserver-generate-certs';
    const [job] = chart.objects.filter(({ kind }) => kind === 'Job');
    const [container] = (job!.spec.template.spec as PodSpec).containers;
    const kubeconfig = await lab.kube.accountKubeconfig(namespace, account);
    const issued = (log: string): number => (log.match(/Certificate issued/g) ?? []).length;
    // Everything is in the last third of its life, the authority too.
    await makeEarlier(800 * day, lab.kube, container!);
    const renewal = await runJob(container!, kubeconfig);
    await lab.kube.request(
      'DELETE',
      `/api/v1/namespaces/${namespace}/secrets/clustermesh-apiserver-local-cert`,
    );
    const repair = await runJob(container!, kubeconfig);

    expect(renewal).toContain('Certificate authority renewed');
    expect([issued(renewal), issued(repair)]).toEqual([5, 1]);
    await expectAllUsed(lab.kube, account, rightsOf(chart, 'Role', account));
  });
});

async function role(server: ServerProcess): Promise<unknown> {
  const { body } = await server.admin('GET', '/status');
  const { stages } = body as { stages: { name: string; state: string }[] };
  return stages.find(({ name }) => name === 'leader-election')?.state;
}

function envOf({ env = [] }: ContainerSpec): Record<string, string> {
  return Object.fromEntries(env.map(({ name, value = '' }) => [name, value]));
}

/** The same job as it would have run before, by an administrator. */
async function makeEarlier(ms: number, kube: KubeApiserver, container: ContainerSpec): Promise<void> {
  const apiServer = {
    enabled: true,
    apiServer: '',
    kubeconfigPath: kube.adminKubeconfigPath,
    environment: {},
  };
  const api = await directTransport(apiServer, 'test', systemClock);
  const authority = {
    generate: true,
    reuseSecret: true,
    secretNamespace: namespace,
    secretName: 'cilium-ca',
    commonName: 'Cilium CA',
    validityMs: 1095 * day,
  };
  const requests = parseRequests(envOf(container).CILIUM_CERTGEN_CONFIG ?? '');
  const clock = { ...systemClock, now: () => Date.now() - ms };
  await new CertificatesJob({ api, authority, requests, clock, log: silentLog }).run();
  api.closeAll();
}

/** The job's container as the chart writes it, but for the way to the API server. @returns its log. @throws unless it ends with 0. */
async function runJob(container: ContainerSpec, kubeconfig: string): Promise<string> {
  const args = [...(container.args ?? []), `--k8s-kubeconfig-path=${kubeconfig}`];
  const child = new Child({ command: program, args, env: envOf(container) });
  const { code } = await child.exit;
  if (code !== 0) throw new Error(`the job ended with ${String(code)}:\n${child.tail()}`);
  return child.stderrLines.join('\n');
}

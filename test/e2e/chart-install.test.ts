import { X509Certificate } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { chartPath, helm, type HelmMajor, identity, namespace, type Values } from '../chart/support/helm.js';
import { KubeApiserver, startKubeApiserver } from '../support/kube-apiserver.js';

/** Kubernetes 1.20 has no such field yet. */
const values = { ...identity, service: { internalTrafficPolicy: '' } };
const release = 'mesh';
const leaves = ['server', 'admin', 'remote', 'local'].map((name) => `clustermesh-apiserver-${name}-cert`);

type SecretData = Readonly<Record<string, string>>;

describe.each<HelmMajor>([3, 4])('helm %i on a real API server', (major) => {
  let kube: KubeApiserver;

  beforeAll(async () => {
    kube = await startKubeApiserver({ crds: false });
  });
  afterAll(() => kube.stop());
  afterEach(async () => {
    await run(['uninstall', release, '--ignore-not-found']);
    await kube.request('DELETE', secretPath('cilium-ca'));
    await kube.request('DELETE', `/api/v1/namespaces/${namespace}/configmaps/cilium-config`);
  });

  function run(args: readonly string[], given?: Values): Promise<string> {
    const where = [`--namespace=${namespace}`, `--kubeconfig=${kube.adminKubeconfigPath}`];
    return helm(major, [...args, ...where], given);
  }

  function upgrade(given: Values = {}, flags: readonly string[] = []): Promise<string> {
    return run(['upgrade', '--install', release, chartPath, ...flags], { ...values, ...given });
  }

  const secretPath = (name: string): string => `/api/v1/namespaces/${namespace}/secrets/${name}`;

  async function secret(name: string): Promise<SecretData> {
    const { status, body } = await kube.request('GET', secretPath(name));
    if (status !== 200) throw new Error(`secret ${name}: ${status}`);
    return (body as { data: SecretData }).data;
  }

  async function certificates(): Promise<Record<string, SecretData>> {
    return Object.fromEntries(
      await Promise.all(leaves.map(async (name) => [name, await secret(name)] as const)),
    );
  }

  it('is accepted, and its notes say what comes next', async () => {
    const notes = await upgrade({ externalWorkloads: { enabled: true } });

    expect(notes).toContain('serves cluster "alpha" (3) from namespace kube-system');
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/clustermesh-apiserver`;
    expect((await kube.request('GET', path)).status).toBe(200);
  });

  it('keeps the CA and the certificates over an upgrade', async () => {
    await upgrade();
    const [ca, before] = [await secret('cilium-ca'), await certificates()];

    await upgrade({ replicas: 3, service: { ...values.service, type: 'LoadBalancer' } });

    expect(await secret('cilium-ca')).toEqual(ca);
    expect(await certificates()).toEqual(before);
  });

  it('signs anew only what says something else', async () => {
    await upgrade();
    const [ca, before] = [await secret('cilium-ca'), await certificates()];

    await upgrade({ tls: { server: { extraDnsNames: ['mesh.example.com'] } } });

    const { [leaves[0]!]: server, ...others } = await certificates();
    const { [leaves[0]!]: _, ...othersBefore } = before;
    const cert = new X509Certificate(Buffer.from(server!['tls.crt']!, 'base64'));
    expect(cert.checkHost('mesh.example.com')).toBeDefined();
    expect(others).toEqual(othersBefore);
    expect(await secret('cilium-ca')).toEqual(ca);
  });

  it('signs anew what is in the last third of its life', async () => {
    await upgrade({ tls: { auto: { certValidityDuration: 30 } } });
    const before = await certificates();
    const soon = Math.floor(Date.now() / 1000) + 9 * 86_400;
    const { body } = await kube.request('GET', secretPath(leaves[1]!));
    const old = body as { metadata: { annotations: Record<string, string> } };
    old.metadata.annotations['clustermesh-apiserver/expires'] = String(soon);
    await kube.request('PUT', secretPath(leaves[1]!), old);

    // Helm 4 asks before it overwrites what somebody else (here: this test) wrote.
    const force = major === 4 ? ['--force-conflicts'] : [];
    await upgrade({ tls: { auto: { certValidityDuration: 30 } } }, force);

    const after = await certificates();
    const changed = leaves.filter((name) => after[name]!['tls.crt'] !== before[name]!['tls.crt']);
    expect(changed).toEqual([leaves[1]]);
  });

  it('uses the CA that Cilium’s own release made, and does not take it away', async () => {
    await upgrade();
    const ca = await secret('cilium-ca');
    await run(['uninstall', release]);
    await kube.request('DELETE', secretPath('cilium-ca'));
    const foreign = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'cilium-ca', namespace },
      data: ca,
    };
    await kube.request('POST', `/api/v1/namespaces/${namespace}/secrets`, foreign);

    await upgrade();

    const root = new X509Certificate(Buffer.from(ca['ca.crt']!, 'base64'));
    const admin = new X509Certificate(Buffer.from((await secret(leaves[1]!))['tls.crt']!, 'base64'));
    expect(admin.verify(root.publicKey)).toBe(true);
    await run(['uninstall', release]);
    expect(await secret('cilium-ca')).toEqual(ca);
  });

  it('leaves its own CA behind when it is uninstalled, and finds it again', async () => {
    await upgrade();
    const ca = await secret('cilium-ca');

    await run(['uninstall', release]);
    await upgrade();

    expect(await secret('cilium-ca')).toEqual(ca);
  });

  it.each([
    [{ 'cluster-name': 'beta' }, 'cluster.name is "alpha", but Cilium in this cluster is called "beta"'],
    [{ 'cluster-name': 'alpha', 'cluster-id': '9' }, 'cluster.id is 3, but Cilium in this cluster has 9'],
  ])('refuses to be another cluster than Cilium: %o', async (data, sentence) => {
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'cilium-config', namespace }, data };
    await kube.request('POST', `/api/v1/namespaces/${namespace}/configmaps`, map);

    await expect(upgrade()).rejects.toThrow(sentence);
  });
});

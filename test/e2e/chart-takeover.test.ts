import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chartPath, helm, type HelmMajor, identity, namespace, render } from '../chart/support/helm.js';
import { type KubeApiserver, startKubeApiserver } from '../support/kube-apiserver.js';
import { objectPath, type TestObject } from '../support/kube-client.js';

/** Kubernetes 1.20 has no such field yet. */
const values = { ...identity, service: { internalTrafficPolicy: '' } };
const keep = { metadata: { annotations: { 'helm.sh/resource-policy': 'keep' } } };

/**
 * docs/migration.md, from Cilium's chart to this one and back. Cilium's chart is played by a release `cilium` that has the same
 * objects, and then a version without them: its names, and the one selector, are the same (spec/operations.md §10.1, §10.2).
 */
describe.each<HelmMajor>([3, 4])('helm %i hands the installation over', (major) => {
  let kube: KubeApiserver;
  let without: string;
  let objects: TestObject[];

  beforeAll(async () => {
    kube = await startKubeApiserver({ crds: false });
    without = await mkdtemp(join(tmpdir(), 'chart-'));
    await mkdir(join(without, 'templates'));
    await writeFile(join(without, 'Chart.yaml'), 'apiVersion: v2\nname: cilium\nversion: 1.16.2\n');
    objects = (await render(values)).objects.map((object) => object as TestObject);
    await release('cilium', chartPath, values);
  });
  afterAll(async () => {
    await kube.stop();
    await rm(without, { recursive: true, force: true });
  });

  async function release(
    name: string,
    chart: string,
    given: object,
    flags: readonly string[] = [],
  ): Promise<void> {
    const where = [`--namespace=${namespace}`, `--kubeconfig=${kube.adminKubeconfigPath}`];
    await helm(major, ['upgrade', '--install', name, chart, ...where, ...flags], { ...given });
  }

  async function read(object: TestObject): Promise<{ uid: string; owner: string; data: unknown }> {
    const { status, body } = await kube.request('GET', objectPath(object));
    expect([objectPath(object), status]).toEqual([objectPath(object), 200]);
    const { metadata, data } = body as {
      metadata: { uid: string; annotations: Record<string, string> };
      data: unknown;
    };
    return { uid: metadata.uid, owner: metadata.annotations['meta.helm.sh/release-name'] ?? '', data };
  }

  const uids = async (): Promise<string[]> => (await Promise.all(objects.map(read))).map(({ uid }) => uid);
  const owners = async (): Promise<string[]> =>
    (await Promise.all(objects.map(read))).map(({ owner }) => owner);
  const authority = (): Promise<unknown> =>
    read(objects.find(({ metadata }) => metadata.name === 'cilium-ca')!).then(({ data }) => data);

  it('to our chart without deleting one object, and back', async () => {
    const [before, ca] = [await uids(), await authority()];
    for (const object of objects) {
      const path = objectPath(object);
      expect((await kube.request('PATCH', path, keep, 'application/merge-patch+json')).status).toBe(200);
    }

    await release('cilium', without, {});
    expect(await uids()).toEqual(before);
    await release('mesh', chartPath, values, ['--take-ownership']);
    expect(await uids()).toEqual(before);
    // Its CA stays Cilium's own.
    expect(new Set(await owners())).toEqual(new Set(['mesh', 'cilium']));
    expect(await authority()).toEqual(ca);

    await forget('mesh');
    await release('cilium', chartPath, values, ['--take-ownership']);
    expect(await uids()).toEqual(before);
    expect(new Set(await owners())).toEqual(new Set(['cilium']));
    expect(await authority()).toEqual(ca);
  });

  /** Helm's records of a release, in secrets of their own; its objects stay. */
  async function forget(name: string): Promise<void> {
    const selector = encodeURIComponent(`owner=helm,name=${name}`);
    const path = `/api/v1/namespaces/${namespace}/secrets?labelSelector=${selector}`;
    expect((await kube.request('DELETE', path)).status).toBe(200);
  }
});

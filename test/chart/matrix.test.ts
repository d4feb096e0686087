import { describe, expect, it } from 'vitest';
import { faultsOf } from './support/check-object.js';
import {
  chartPath,
  helm,
  type HelmMajor,
  identity,
  type KubernetesObject,
  namespace,
  render,
} from './support/helm.js';
import { matrix } from './support/matrix.js';

const majors: readonly HelmMajor[] = [3, 4];

/** A lint renders as well, and says little more: these between them reach every template. */
const linted = ['defaults', 'everything extra', 'certificates by job', 'cert-manager', 'external etcd'];

describe.each(majors)('helm %i', (major) => {
  it.each(linted)('lints: %s', async (name) => {
    const lint = helm(major, ['lint', '--strict', chartPath, `--namespace=${namespace}`], {
      ...identity,
      ...matrix[name],
    });

    await expect(lint).resolves.toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  it.each(Object.entries(matrix))('renders what Kubernetes knows: %s', async (_, values) => {
    const rendered = await render(values, major);

    expect(rendered.objects.flatMap(faultsOf)).toEqual([]);
    expect(rendered.objects.length).toBeGreaterThan(3);
    expect(new Set(rendered.names()).size).toBe(rendered.objects.length);
    rendered.objects.forEach(expectCommonMetadata);
  });
});

describe('a render', () => {
  it('is the same from Helm 3 and Helm 4, but for what is drawn at random', async () => {
    const values = { ...matrix['everything extra'], tls: { auto: { method: 'cronJob' } } };

    expect((await render(values, 3)).objects).toEqual((await render(values, 4)).objects);
  });
});

describe('the check of objects', () => {
  it('finds a field that Kubernetes does not have, and a wrong value', async () => {
    const deployment = structuredClone((await render()).get('Deployment'));
    deployment.spec.template.spec.containers[0].imge = 'x';
    deployment.spec.replicas = 'two';

    const faults = faultsOf(deployment);

    expect(faults).toContainEqual(expect.stringContaining('spec/replicas must be integer'));
    expect(faults).toContain('Deployment/clustermesh-apiserver.spec.template.spec.containers.0.imge');
  });
});

function expectCommonMetadata({ kind, metadata }: KubernetesObject): void {
  expect(metadata.labels).toMatchObject({
    'k8s-app': 'clustermesh-apiserver',
    'app.kubernetes.io/part-of': 'cilium',
    'app.kubernetes.io/managed-by': 'Helm',
  });
  expect(metadata.namespace).toBe(kind.startsWith('ClusterRole') ? undefined : namespace);
}

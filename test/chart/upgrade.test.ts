import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import {
  chartPath,
  helm,
  identity,
  type KubernetesObject,
  namespace,
  Render,
  render,
  type Values,
} from './support/helm.js';
import { matrix } from './support/matrix.js';

/** What the API server refuses to change, or what others find these objects by. */
function fixedParts(chart: Render): Record<string, unknown> {
  const parts = chart.objects.flatMap((object): [string, unknown][] => {
    const name = `${object.kind}/${object.metadata.name}`;
    if (object.kind === 'Deployment') return [[name, object.spec.selector]];
    if (object.kind === 'Service')
      return [[name, { selector: object.spec.selector, clusterIP: object.spec.clusterIP }]];
    if (object.kind.endsWith('RoleBinding')) return [[name, object.roleRef]];
    if (object.kind === 'Secret') return [[name, object.type]];
    return object.kind === 'PodDisruptionBudget' ? [[name, object.spec.selector]] : [];
  });
  return Object.fromEntries(parts);
}

function inBoth(first: Record<string, unknown>, second: Record<string, unknown>): [unknown, unknown][] {
  return Object.keys(first)
    .filter((key) => key in second)
    .map((key) => [first[key], second[key]]);
}

describe('an upgrade changes nothing that cannot be changed', () => {
  let before: Record<string, unknown>;
  beforeAll(async () => {
    before = fixedParts(await render({ ...matrix['three replicas'], externalWorkloads: { enabled: true } }));
  });

  it.each(Object.entries(matrix))('from three replicas with external workloads to: %s', async (_, values) => {
    const after = fixedParts(await render(values));

    const pairs = inBoth(before, after);
    expect(pairs.length).toBeGreaterThan(2);
    for (const [old, now] of pairs) expect(now).toEqual(old);
  });

  it('names are the constants that agents and peers know', async () => {
    const chart = await render({ externalWorkloads: { enabled: true } });

    expect(chart.get('Deployment').spec.selector.matchLabels).toEqual({ 'k8s-app': 'clustermesh-apiserver' });
    expect(chart.names().filter((name) => /^(Secret|Service|Deployment)\//.test(name))).toEqual([
      'Deployment/clustermesh-apiserver',
      'Secret/cilium-ca',
      'Secret/clustermesh-apiserver-admin-cert',
      'Secret/clustermesh-apiserver-client-cert',
      'Secret/clustermesh-apiserver-local-cert',
      'Secret/clustermesh-apiserver-remote-cert',
      'Secret/clustermesh-apiserver-server-cert',
      'Service/clustermesh-apiserver',
      'Service/clustermesh-apiserver-metrics',
    ]);
  });
});

describe('the next version of the chart', () => {
  const copies: string[] = [];
  afterAll(() => Promise.all(copies.map((copy) => rm(copy, { recursive: true, force: true }))));

  async function renderVersion(version: string, release: string, values: Values): Promise<Render> {
    const copy = await mkdtemp(join(tmpdir(), 'chart-'));
    copies.push(copy);
    await cp(chartPath, copy, { recursive: true });
    const chartFile = join(copy, 'Chart.yaml');
    const text = await readFile(chartFile, 'utf8');
    await writeFile(chartFile, text.replaceAll(/^(version|appVersion): .*$/gm, `$1: ${version}`));
    const rendered = await helm(4, ['template', release, copy, `--namespace=${namespace}`], {
      ...identity,
      ...values,
    });
    return new Render(
      parseAllDocuments(rendered).flatMap((one) => (one.toJS() as KubernetesObject | null) ?? []),
    );
  }

  it('keeps selectors, names and references, whatever the release is called', async () => {
    const first = await renderVersion('0.1.0', 'mesh', {});
    const next = await renderVersion('9.9.9', 'other', {});

    expect(next.container('apiserver').image).toContain(':9.9.9');
    expect(next.names()).toEqual(first.names());
    expect(fixedParts(next)).toEqual(fixedParts(first));
    const podLabels = (chart: Render): unknown => chart.get('Deployment').spec.template.metadata.labels;
    expect(podLabels(next)).toEqual(podLabels(first));
  });

  it('makes a new certificate job, because a Job cannot be changed, but keeps an equal one', async () => {
    const values = { tls: { auto: { method: 'cronJob' } } };
    const jobs = async (version: string, more: Values = {}): Promise<string[]> =>
      (await renderVersion(version, 'mesh', { ...values, ...more }))
        .names()
        .filter((name) => name.startsWith('Job/'));

    const [first] = await jobs('0.1.0');
    expect(await jobs('0.1.0')).toEqual([first]);
    expect(await jobs('0.2.0')).not.toEqual([first]);
    expect(await jobs('0.1.0', { externalWorkloads: { enabled: true } })).not.toEqual([first]);
    expect(await jobs('0.1.0', { replicas: 3 })).toEqual([first]);
  });
});

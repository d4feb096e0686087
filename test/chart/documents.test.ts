import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { chartPath } from './support/helm.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const inChart = (name: string): Promise<string> => readFile(join(chartPath, name), 'utf8');

describe('the chart and what describes it', () => {
  it('has the version of the program', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };

    expect(parse(await inChart('Chart.yaml'))).toMatchObject({ version, appVersion: version });
  });

  it('has a README made from the present values, each of which is explained', async () => {
    await expect(run('node', ['scripts/chart-readme.mjs', '--check'], { cwd: root })).resolves.toBeDefined();
  });

  it('uses every value in a template', async () => {
    const values = parse(await inChart('values.yaml')) as Record<string, unknown>;
    const names = await readdir(join(chartPath, 'templates'));
    const templates = (await Promise.all(names.map((name) => inChart(`templates/${name}`)))).join('\n');

    const unused = leavesOf(values).filter((key) => !new RegExp(`\\b${key}\\b`).test(templates));

    expect(unused).toEqual([]);
  });

  it('has a schema that knows every value', async () => {
    const values = parse(await inChart('values.yaml')) as Record<string, unknown>;
    const schema = JSON.parse(await inChart('values.schema.json')) as Schema;

    expect(unknownTo(schema, schema, values, '')).toEqual([]);
  });
});

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

/** Paths of values that the schema does not name, where it does not leave them to Kubernetes. */
function unknownTo(root: Schema, schema: Schema, value: unknown, path: string): string[] {
  const resolved = schema.$ref === undefined ? schema : root.definitions![schema.$ref.split('/').at(-1)!]!;
  if (typeof value !== 'object' || value === null || resolved.properties === undefined) return [];
  const loose = resolved.additionalProperties === false ? [] : [`${path} accepts anything`];
  return Object.entries(value).reduce((found, [key, child]) => {
    const next = resolved.properties![key];
    return next === undefined
      ? [...found, `${path}.${key}`]
      : [...found, ...unknownTo(root, next, child, `${path}.${key}`)];
  }, loose);
}

/** Names of the values that a template must mention; what is handed to Kubernetes as a whole counts by its top name. */
function leavesOf(values: Record<string, unknown>): string[] {
  const whole = new Set([
    'securityContext',
    'podSecurityContext',
    'affinity',
    'nodeSelector',
    'rollingUpdate',
    'livenessProbe',
    'startupProbe',
  ]);
  return Object.entries(values).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && !whole.has(key)
      ? [key, ...leavesOf(value as Record<string, unknown>)]
      : [key],
  );
}

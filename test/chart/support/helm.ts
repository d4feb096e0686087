import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { ensureHelm } from '../../../scripts/lib/ensure-helm.mjs';

export type HelmMajor = 3 | 4;
export type Values = Readonly<Record<string, unknown>>;

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  // Each test knows what it looks for below here.
  // eslint-disable-next-line typescript/no-explicit-any
  readonly [field: string]: any;
}

export const chartPath = fileURLToPath(new URL('../../../charts/clustermesh-apiserver', import.meta.url));
export const namespace = 'kube-system';

/** What every installation has to say. */
export const identity = { cluster: { name: 'alpha', id: 3 } } as const;

const run = promisify(execFile);

/** Runs Helm, with values on its standard input if there are some. Rejects with Helm's own words. */
export async function helm(major: HelmMajor, args: readonly string[], values?: Values): Promise<string> {
  const all = values === undefined ? args : [...args, '--values=-'];
  const running = run(await ensureHelm(major), all, { maxBuffer: 16 << 20 });
  running.child.stdin?.end(values === undefined ? '' : JSON.stringify(values));
  return (await running).stdout;
}

/** The objects of a render without a cluster. */
export class Render {
  constructor(readonly objects: readonly KubernetesObject[]) {}

  /** The only object of that kind and name (every name of a render is looked at if none is given). */
  get(kind: string, name = 'clustermesh-apiserver'): KubernetesObject {
    const found = this.find(kind, name);
    if (found === undefined) throw new Error(`no ${kind} ${name} among ${this.names().join(', ')}`);
    return found;
  }

  find(kind: string, name = 'clustermesh-apiserver'): KubernetesObject | undefined {
    return this.objects.find((object) => object.kind === kind && object.metadata.name === name);
  }

  /** `Kind/name`, sorted. */
  names(): string[] {
    return this.objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).toSorted();
  }

  container(name: string): Container {
    const pod = this.get('Deployment').spec.template.spec as {
      initContainers?: Container[];
      containers: Container[];
    };
    const found = [...(pod.initContainers ?? []), ...pod.containers].find((one) => one.name === name);
    if (found === undefined) throw new Error(`no container ${name}`);
    return found;
  }

  /** The decoded texts of a Secret. */
  secret(name: string): Record<string, string> {
    const data = this.get('Secret', name).data as Record<string, string>;
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    );
  }
}

export interface Container {
  readonly name: string;
  readonly command: string[];
  readonly args: string[];
  readonly env: { name: string; value?: string }[];
  readonly ports: { name: string; containerPort: number }[];
  readonly volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
  // eslint-disable-next-line typescript/no-explicit-any
  readonly [field: string]: any;
}

/** Renders the chart with the identity of a cluster and these values. */
export async function render(values: Values = {}, major: HelmMajor = 4): Promise<Render> {
  return renderRaw({ ...identity, ...values }, major);
}

export async function renderRaw(values: Values, major: HelmMajor = 4): Promise<Render> {
  const text = await helm(major, ['template', 'mesh', chartPath, `--namespace=${namespace}`], values);
  // 1.1: what Kubernetes reads, where an unquoted `y` is a boolean.
  const documents = parseAllDocuments(text, { version: '1.1' });
  const objects = documents.map((document) => {
    const [fault] = document.errors;
    if (fault !== undefined)
      throw new Error(`helm rendered invalid YAML: ${fault.message}`, { cause: fault });
    return document.toJS() as KubernetesObject | null;
  });
  return new Render(objects.filter((object) => object !== null));
}

/** What Helm says when it refuses these values. */
export async function refusal(values: Values, major: HelmMajor = 4): Promise<string> {
  try {
    await renderRaw(values, major);
  } catch (error) {
    return (error as { stderr?: string }).stderr ?? String(error);
  }
  throw new Error('helm rendered the chart, a refusal was expected');
}

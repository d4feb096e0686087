import * as apps from 'kubernetes-models/apps/v1';
import * as batch from 'kubernetes-models/batch/v1';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as rbac from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import * as core from 'kubernetes-models/v1';
import type { KubernetesObject } from './helm.js';

const groups: Readonly<Record<string, object>> = {
  v1: core,
  'apps/v1': apps,
  'batch/v1': batch,
  'networking.k8s.io/v1': networking,
  'policy/v1': policy,
  'rbac.authorization.k8s.io/v1': rbac,
};

/** Kinds that are no part of Kubernetes itself; their tests compare them whole. */
const custom = new Set(['monitoring.coreos.com/v1/ServiceMonitor', 'cert-manager.io/v1/Certificate']);

/** A class of kubernetes-models; validate() looks at `this` and throws what is wrong with it. */
interface ModelClass {
  readonly prototype: { validate(this: object): void };
}

/** What the schemas of Kubernetes say against an object: wrong types and values, and fields that do not exist. */
export function faultsOf(object: KubernetesObject): string[] {
  const name = `${object.kind}/${object.metadata.name}`;
  if (custom.has(`${object.apiVersion}/${object.kind}`)) return [];
  const models = (groups[object.apiVersion] ?? {}) as Record<string, ModelClass | undefined>;
  const model = models[object.kind];
  if (model === undefined) return [`${name}: Kubernetes has no ${object.apiVersion} ${object.kind}`];
  const read = new Set<string>();
  const watched = Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, watchReads(value, `${name}.${key}`, read)]),
  );
  const faults: string[] = [];
  try {
    // Not `new`: the constructor copies the object, and a copy shows nothing of what is read.
    model.prototype.validate.call(watched);
  } catch (error) {
    faults.push(`${name}: ${(error as Error).message}`);
  }
  for (const [key, value] of Object.entries(object)) {
    faults.push(...pathsOf(value, `${name}.${key}`).filter((path) => !read.has(path)));
  }
  return faults;
}

/** The schemas let unknown fields pass, as does a validator that never looks at them: a field that is not read is unknown. */
function watchReads(value: unknown, path: string, read: Set<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key, receiver) {
      const child: unknown = Reflect.get(target, key, receiver);
      if (typeof key === 'symbol') return child;
      read.add(`${path}.${key}`);
      return watchReads(child, `${path}.${key}`, read);
    },
  });
}

function pathsOf(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => [
    `${path}.${key}`,
    ...pathsOf(child, `${path}.${key}`),
  ]);
}

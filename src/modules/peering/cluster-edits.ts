import { isDeepStrictEqual } from 'node:util';
import { resources } from '../kubernetes/resources.js';
import { type DeploymentObject, type HostAlias, names, type SecretObject } from './cluster-objects.js';
import { type Api, type Edit, ObjectEdit } from './object-edit.js';
import type { SecretData } from './peer-secret.js';

/** Where an edit is made; `label` names the cluster for people. */
export interface EditPlace {
  readonly api: Api;
  readonly namespace: string;
  readonly label: string;
}

/**
 * Changes the keys of a Secret. It is made if it does not exist, but not to hold nothing. Taking back restores each key that
 * still has the value written here.
 */
export function secretEdit(
  { api, namespace, label }: EditPlace,
  name: string,
  change: (data: SecretData) => SecretData,
): Edit {
  let wrote: SecretData = {};
  return new ObjectEdit<SecretObject>({
    what: `secret ${name} in cluster ${label}`,
    api,
    resource: resources.secrets,
    namespace,
    name,
    change: (current) => {
      wrote = change(dataOf(current));
      return dataPatch(dataOf(current), wrote);
    },
    revert: (before, current) => {
      const restored = new Map(Object.entries(dataOf(current)));
      for (const [key, value] of changedKeys(dataOf(before), wrote)) {
        if (restored.get(key) !== value) continue;
        const old = dataOf(before)[key];
        if (old === undefined) restored.delete(key);
        else restored.set(key, old);
      }
      if (!before && restored.size === 0) return 'delete';
      return dataPatch(dataOf(current), Object.fromEntries(restored));
    },
    create: (patch) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace, labels: { 'app.kubernetes.io/part-of': 'cilium' } },
      type: 'Opaque',
      ...patch,
    }),
  });
}

/** Changes the host aliases of the server's pods. */
export function aliasEdit(
  { api, namespace, label }: EditPlace,
  change: (aliases: readonly HostAlias[]) => readonly HostAlias[],
): Edit {
  let wrote: readonly HostAlias[] = [];
  return new ObjectEdit<DeploymentObject>({
    what: `host aliases of deployment ${names.server} in cluster ${label}`,
    api,
    resource: resources.deployments,
    namespace,
    name: names.server,
    change: (current) => {
      wrote = change(aliasesOf(current));
      return aliasPatch(aliasesOf(current), wrote);
    },
    revert: (before, current) => {
      if (!isDeepStrictEqual(aliasesOf(current), wrote)) return undefined;
      return aliasPatch(wrote, aliasesOf(before));
    },
  });
}

function dataOf(secret: SecretObject | undefined): SecretData {
  return secret?.data ?? {};
}

/** Key by key, null for what goes; undefined when nothing changes. */
function dataPatch(from: SecretData, to: SecretData): object | undefined {
  const changes = changedKeys(from, to).map(([key, value]) => [key, value ?? null] as const);
  return changes.length === 0 ? undefined : { data: Object.fromEntries(changes) };
}

/** With the new value, undefined for a key that went. */
function changedKeys(from: SecretData, to: SecretData): [key: string, value: string | undefined][] {
  const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
  return [...keys]
    .filter((key) => from[key] !== to[key])
    .map((key): [string, string | undefined] => [key, to[key]]);
}

function aliasesOf(deployment: DeploymentObject | undefined): readonly HostAlias[] {
  return deployment?.spec?.template?.spec?.hostAliases ?? [];
}

function aliasPatch(from: readonly HostAlias[], to: readonly HostAlias[]): object | undefined {
  if (isDeepStrictEqual(from, to)) return undefined;
  return { spec: { template: { spec: { hostAliases: to.length === 0 ? null : to } } } };
}

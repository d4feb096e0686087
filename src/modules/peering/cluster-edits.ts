import { isDeepStrictEqual } from 'node:util';
import { resources } from '../kubernetes/resources.js';
import {
  type ConfigMapObject,
  type DeploymentObject,
  type HostAlias,
  names,
  type SecretObject,
} from './cluster-objects.js';
import { type Api, type Edit, ObjectEdit } from './object-edit.js';
import type { SecretData } from './peer-secret.js';

/** Values by key, of a Secret or a ConfigMap. */
type Texts = Readonly<Record<string, string>>;

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
      const data = restored(dataOf(before), wrote, dataOf(current));
      if (!before && Object.keys(data).length === 0) return 'delete';
      return dataPatch(dataOf(current), data);
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

/** Changes keys of the ConfigMap of etcd's users. Where there is none (authMode legacy) there is nothing to change. */
export function usersEdit({ api, namespace, label }: EditPlace, change: (texts: Texts) => Texts): Edit {
  let wrote: Texts = {};
  return new ObjectEdit<ConfigMapObject>({
    what: `etcd users in ConfigMap ${names.users} in cluster ${label}`,
    api,
    resource: resources.configmaps,
    namespace,
    name: names.users,
    change: (current) => {
      if (!current) return undefined;
      wrote = change(current.data ?? {});
      return dataPatch(current.data ?? {}, wrote);
    },
    revert: (before, current) =>
      dataPatch(current.data ?? {}, restored(before?.data ?? {}, wrote, current.data ?? {})),
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

/** What is there now with each key as it was before, if it still has the value written here. */
function restored(before: Texts, wrote: Texts, current: Texts): Texts {
  const result = new Map(Object.entries(current));
  for (const [key, value] of changedKeys(before, wrote)) {
    if (result.get(key) !== value) continue;
    const old = before[key];
    if (old === undefined) result.delete(key);
    else result.set(key, old);
  }
  return Object.fromEntries(result);
}

function dataOf(secret: SecretObject | undefined): SecretData {
  return secret?.data ?? {};
}

/** Key by key, null for what goes; undefined when nothing changes. */
function dataPatch(from: Texts, to: Texts): object | undefined {
  const changes = changedKeys(from, to).map(([key, value]) => [key, value ?? null] as const);
  return changes.length === 0 ? undefined : { data: Object.fromEntries(changes) };
}

/** With the new value, undefined for a key that went. */
function changedKeys(from: Texts, to: Texts): [key: string, value: string | undefined][] {
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

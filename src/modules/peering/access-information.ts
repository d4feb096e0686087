import { X509Certificate } from 'node:crypto';
import { clusterNameFault } from '../config/cluster-name.js';
import { certificatesOf } from '../debug/certificate-text.js';
import type { KubeObject, ResourceRef } from '../kubernetes/kube-api.js';
import { resourcePath, resources } from '../kubernetes/resources.js';
import {
  type ConfigMapObject,
  type ContainerObject,
  type DeploymentObject,
  names,
  type NodeObject,
  type SecretObject,
  type ServiceObject,
} from './cluster-objects.js';
import type { HostAndPort } from './host-and-port.js';
import { type Api, readObject } from './object-edit.js';
import { type ClientIdentity, textOf } from './peer-secret.js';
import type { UserTexts } from './remote-users.js';
import { serviceAddresses } from './service-addresses.js';

/** A cluster as its kubeconfig context reaches it. */
export interface ClusterHandle {
  readonly api: Api;
  readonly namespace: string;
  /** Name of the context, for people. */
  readonly context: string;
}

/** What a cluster says of itself. */
export interface ClusterIdentity {
  readonly name: string;
  readonly id: number;
  readonly maxConnectedClusters: number;
}

/** What else is needed to connect a cluster, read once. Holds a private key: never print it whole. */
export interface AccessInformation extends ClusterIdentity {
  readonly handle: ClusterHandle;
  readonly kvstoremesh: boolean;
  /** The service's port, under which this cluster's agents read the cache. */
  readonly servicePort: number;
  /** Where other clusters reach it; or why they cannot. */
  readonly addresses: readonly HostAndPort[] | Error;
  /** The client that other clusters know; or why there is none. */
  readonly identity: ClientIdentity | Error;
  /** Of its etcd; undefined if it cannot be seen. */
  readonly serverCertificate: X509Certificate | undefined;
  /** The users that its etcd has beside the built-in ones. */
  readonly users: UserTexts;
}

/** @throws Error that names the object and what it lacks; KubeError. */
export async function readAccessInformation(
  handle: ClusterHandle,
  given: readonly HostAndPort[] = [],
): Promise<AccessInformation> {
  const deployment = await read<DeploymentObject>(handle, resources.deployments, names.server);
  const identity = await readClusterIdentity(handle, deployment);
  const service = await read<ServiceObject>(handle, resources.services, names.server);
  if (!service)
    throw new Error(
      `service ${names.server} not found in namespace ${handle.namespace}: is it installed there?`,
    );
  const addresses = given.length > 0 ? given : await addressesOf(handle, service, deployment);
  return {
    ...identity,
    handle,
    kvstoremesh: containersOf(deployment).some(({ name }) => name === 'kvstoremesh'),
    servicePort: service.spec?.ports?.[0]?.port ?? 2379,
    addresses,
    identity: await attempted(() => readClient(handle)),
    serverCertificate: await readServerCertificate(handle),
    users: await readUsers(handle),
  };
}

/** From Cilium's ConfigMap, else from the server's own arguments. @throws Error that names what is missing or wrong. */
export async function readClusterIdentity(
  handle: ClusterHandle,
  deployment: DeploymentObject | undefined,
): Promise<ClusterIdentity> {
  const config = await read<ConfigMapObject>(handle, resources.configmaps, names.config);
  const value = (key: string): string | undefined => config?.data?.[key] ?? argumentOf(deployment, key);
  const name = value('cluster-name');
  if (name === undefined)
    throw new Error(
      `cluster-name is neither in ConfigMap ${names.config} nor among the arguments of deployment ${names.server}`,
    );
  const fault = clusterNameFault(name);
  if (fault !== undefined) throw new Error(`cluster-name ${JSON.stringify(name)} is invalid: it ${fault}`);
  return {
    name,
    id: numberOf('cluster-id', value('cluster-id') ?? '0'),
    maxConnectedClusters: numberOf('max-connected-clusters', value('max-connected-clusters') ?? '255'),
  };
}

function numberOf(key: string, text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new Error(`${key} ${JSON.stringify(text)} is invalid: expected a number, 0 or more`);
  return Number(text);
}

/** `--key=value`, where the value may be an environment variable of the container: `$(CLUSTER_NAME)`. */
function argumentOf(deployment: DeploymentObject | undefined, key: string): string | undefined {
  const apiserver = containersOf(deployment).find(({ name }) => name === 'apiserver');
  const argument = apiserver?.args?.find((text) => text.startsWith(`--${key}=`))?.slice(key.length + 3);
  const variable = /^\$\((\w+)\)$/.exec(argument ?? '')?.[1];
  return variable === undefined ? argument : apiserver?.env?.find(({ name }) => name === variable)?.value;
}

export function containersOf(deployment: DeploymentObject | undefined): readonly ContainerObject[] {
  return deployment?.spec?.template?.spec?.containers ?? [];
}

export async function addressesOf(
  handle: ClusterHandle,
  service: ServiceObject,
  deployment: DeploymentObject | undefined,
): Promise<HostAndPort[] | Error> {
  const nodes = service.spec?.type === 'NodePort' ? await readNodes(handle) : [];
  return attempted(() => {
    try {
      return Promise.resolve(serviceAddresses(service, nodes, deployment?.spec?.replicas ?? 1));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`no address of service ${names.server} can be derived: ${why}`, { cause: error });
    }
  });
}

async function readNodes({ api }: ClusterHandle): Promise<readonly NodeObject[]> {
  const list = await api.request<{ readonly items?: readonly NodeObject[] | null }>(
    'GET',
    resourcePath(resources.nodes),
  );
  return list.items ?? [];
}

/** Its own CA, which signed its client, not the one of `cilium-ca` that may have been replaced since. */
async function readClient(handle: ClusterHandle): Promise<ClientIdentity> {
  const secret = await readSecret(handle, names.remoteCertificate);
  const [cert, key, given] = ['tls.crt', 'tls.key', 'ca.crt'].map((file) => secret?.get(file) ?? '');
  if (!cert || !key)
    throw new Error(
      `secret ${names.remoteCertificate} in namespace ${handle.namespace} has no tls.crt and tls.key`,
    );
  const shared = given ? undefined : await readSecret(handle, names.ca);
  const ca = given || shared?.get('ca.crt') || shared?.get('tls.crt');
  if (!ca) throw new Error(`ca.crt is neither in secret ${names.remoteCertificate} nor in ${names.ca}`);
  return { ca, cert, key };
}

async function readUsers(handle: ClusterHandle): Promise<UserTexts> {
  const map = await read<ConfigMapObject>(handle, resources.configmaps, names.users);
  return map && (map.data ?? {});
}

async function readServerCertificate(handle: ClusterHandle): Promise<X509Certificate | undefined> {
  const secret = await readSecret(handle, names.serverCertificate);
  const [leaf] = certificatesOf(secret?.get('tls.crt') ?? '');
  return leaf;
}

/** Its values as text. undefined: there is none. */
export async function readSecret(
  handle: ClusterHandle,
  name: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  const secret = await read<SecretObject>(handle, resources.secrets, name);
  return secret && new Map(Object.entries(secret.data ?? {}).map(([key, value]) => [key, textOf(value)]));
}

export function read<T extends KubeObject>(
  { api, namespace }: ClusterHandle,
  resource: ResourceRef,
  name: string,
): Promise<T | undefined> {
  return readObject<T>(api, resourcePath(resource, { namespace, name }));
}

/** A fault that only matters if somebody needs the result. */
async function attempted<T>(work: () => Promise<T>): Promise<T | Error> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

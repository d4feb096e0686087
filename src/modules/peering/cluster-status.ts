import { certificatesOf } from '../debug/certificate-text.js';
import { resources } from '../kubernetes/resources.js';
import {
  addressesOf,
  type ClusterHandle,
  type ClusterIdentity,
  containersOf,
  read,
  readClusterIdentity,
  readSecret,
} from './access-information.js';
import { isClientFile } from './client-file.js';
import { type DeploymentObject, names, type ServiceObject } from './cluster-objects.js';
import { readMeshView, type MeshView } from './connections.js';
import { addressText, type HostAndPort } from './host-and-port.js';
import { daysLeft } from './mesh-checks.js';

/** What is shown of one cluster. Shown as JSON as it is: nothing in it may be secret. */
export interface ClusterStatus extends Partial<ClusterIdentity> {
  readonly context: string;
  readonly service?: {
    readonly type: string;
    readonly endpoints: readonly { readonly address: string; readonly reachable: boolean }[];
  };
  readonly deployment?: { readonly ready: boolean; readonly replicas: number };
  readonly kvstoremesh?: boolean;
  readonly certificates?: readonly {
    readonly secret: string;
    readonly days: number;
    readonly expires: string;
  }[];
  readonly connections?: {
    readonly source: MeshView['source'];
    /** Replicas of KVStoreMesh that were asked. */
    readonly replicas: number;
    readonly clusters: Readonly<Record<string, PeerStatus>>;
  };
  /** What keeps the cluster from its work. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

export interface PeerStatus {
  readonly configured: boolean;
  /** By how many replicas; absent where nobody could be asked. */
  readonly connected?: number;
}

export interface StatusTools {
  /** ms since the epoch. */
  now(): number;
  /** Whether a TCP connection from here comes about. */
  reaches(address: HostAndPort): Promise<boolean>;
}

type Draft = { -readonly [K in keyof ClusterStatus]: ClusterStatus[K] } & {
  errors: string[];
  warnings: string[];
};

const certificateSecrets = [
  names.ca,
  names.serverCertificate,
  'clustermesh-apiserver-admin-cert',
  names.remoteCertificate,
  'clustermesh-apiserver-local-cert',
];
/** Enough for a release that renews them. */
const renewalDays = 30;

/** Never rejects but for a bug: what cannot be read is one of the errors. */
export async function readClusterStatus(handle: ClusterHandle, tools: StatusTools): Promise<ClusterStatus> {
  const status: Draft = { context: handle.context, errors: [], warnings: [] };
  const step = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      status.errors.push(error.message);
    }
  };
  let deployment: DeploymentObject | undefined;
  await step(async () => {
    deployment = await read<DeploymentObject>(handle, resources.deployments, names.server);
    deploymentStatus(status, deployment);
  });
  await step(async () => identityStatus(status, await readClusterIdentity(handle, deployment)));
  await step(() => serviceStatus(status, handle, deployment, tools));
  await step(() => certificateStatus(status, handle, tools.now()));
  await step(() => connectionStatus(status, handle, deployment));
  return status;
}

function deploymentStatus(status: Draft, deployment: DeploymentObject | undefined): void {
  if (!deployment) {
    status.errors.push(`deployment ${names.server} not found`);
    return;
  }
  const fault = deploymentFault(deployment);
  status.deployment = { ready: fault === undefined, replicas: deployment.status?.replicas ?? 0 };
  status.kvstoremesh = containersOf(deployment).some(({ name }) => name === 'kvstoremesh');
  if (fault !== undefined) status.errors.push(`deployment ${names.server} is not ready: ${fault}`);
}

function deploymentFault({ metadata, status = {} }: DeploymentObject): string | undefined {
  const { replicas = 0, observedGeneration = 0 } = status;
  if (observedGeneration < (metadata.generation ?? 0))
    return 'its controller has not seen the last change yet';
  if (replicas === 0) return 'it has no replicas';
  for (const what of ['availableReplicas', 'readyReplicas', 'updatedReplicas'] as const) {
    const count = status[what] ?? 0;
    if (count < replicas) return `${what} is ${count}, expected ${replicas}`;
  }
  return undefined;
}

function identityStatus(status: Draft, { name, id, maxConnectedClusters }: ClusterIdentity): void {
  Object.assign(status, { name, id, maxConnectedClusters });
  if (id === 0) status.warnings.push('cluster-id is 0: it cannot be part of a mesh');
  if (name === 'default') status.warnings.push('cluster-name is "default": it cannot be part of a mesh');
}

async function serviceStatus(
  status: Draft,
  handle: ClusterHandle,
  deployment: DeploymentObject | undefined,
  { reaches }: StatusTools,
): Promise<void> {
  const service = await read<ServiceObject>(handle, resources.services, names.server);
  if (!service) throw new Error(`service ${names.server} not found`);
  const found = await addressesOf(handle, service, deployment);
  if (found instanceof Error) status.errors.push(found.message);
  const addresses = found instanceof Error ? [] : found;
  const checks = addresses.map(async (at) => ({ address: addressText(at), reachable: await reaches(at) }));
  const endpoints = await Promise.all(checks);
  status.service = { type: service.spec?.type ?? 'ClusterIP', endpoints };
  for (const { address, reachable } of endpoints)
    if (!reachable) status.warnings.push(`${address} cannot be reached from here`);
}

async function certificateStatus(status: Draft, handle: ClusterHandle, now: number): Promise<void> {
  const found: { secret: string; days: number; expires: string }[] = [];
  for (const secret of certificateSecrets) {
    const data = await readSecret(handle, secret);
    const [certificate] = certificatesOf(data?.get(secret === names.ca ? 'ca.crt' : 'tls.crt') ?? '');
    if (!certificate) continue;
    const days = daysLeft(certificate, now);
    found.push({ secret, days, expires: new Date(certificate.validTo).toISOString() });
    if (days < 0) status.errors.push(`certificate ${secret} expired on ${certificate.validTo}`);
    else if (days < renewalDays) status.warnings.push(`certificate ${secret} expires in ${days} days`);
  }
  status.certificates = found;
}

async function connectionStatus(
  status: Draft,
  handle: ClusterHandle,
  deployment: DeploymentObject | undefined,
): Promise<void> {
  const kvstoremesh = containersOf(deployment).find(({ name }) => name === 'kvstoremesh');
  const agents = await configuredPeers(handle, names.agentSecret, status.name);
  const own = kvstoremesh ? await configuredPeers(handle, names.kvstoremeshSecret, status.name) : agents;
  status.errors.push(
    ...oneSided(agents, own, names.agentSecret, names.kvstoremeshSecret),
    ...oneSided(own, agents, names.kvstoremeshSecret, names.agentSecret),
  );
  const view: MeshView = kvstoremesh
    ? await readMeshView(handle, kvstoremesh)
    : { source: 'config', replicas: [] };
  const peers = [...new Set([...agents, ...own])].toSorted();
  const clusters = Object.fromEntries(peers.map((name) => [name, peerStatus(name, view, status.errors)]));
  status.connections = { source: view.source, replicas: view.replicas.length, clusters };
}

function oneSided(some: readonly string[], others: readonly string[], here: string, there: string): string[] {
  return some
    .filter((name) => !others.includes(name))
    .map((name) => `${name} is in ${here}, but not in ${there}`);
}

function peerStatus(name: string, { source, replicas }: MeshView, errors: string[]): PeerStatus {
  if (source === 'config') return { configured: true };
  const states = replicas.map((replica) => replica.get(name));
  const bad = states.filter((state) => !state?.ready);
  const connected = states.length - bad.length;
  if (bad.length > 0)
    errors.push(
      `${name} is connected to by ${connected} of ${states.length} replicas of KVStoreMesh: ${bad[0]?.why || 'not configured there yet'}`,
    );
  return { configured: true, connected };
}

async function configuredPeers(
  handle: ClusterHandle,
  secret: string,
  ownName: string | undefined,
): Promise<string[]> {
  const data = await readSecret(handle, secret);
  return [...(data ?? [])]
    .filter(([name, text]) => name !== ownName && isClientFile(text))
    .map(([name]) => name)
    .toSorted();
}

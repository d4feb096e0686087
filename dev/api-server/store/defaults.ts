import type { ServerVersion } from '../server-version.js';
import type { ClusterIps } from './cluster-ips.js';
import { childObject, isRecord, isText, type KubeDocument } from './kube-document.js';

export interface DefaultingContext {
  readonly version: ServerVersion;
  readonly clusterIps: ClusterIps;
  /** What an update replaces. */
  readonly previous?: KubeDocument;
}

type Defaulter = (object: KubeDocument, context: DefaultingContext) => void;

/** What a real API server fills in and mirrors of services can see. Kinds that are not here are stored as they were written. */
export const defaulters: ReadonlyMap<string, Defaulter> = new Map<string, Defaulter>([
  ['Namespace', defaultNamespace],
  ['Service', defaultService],
  ['Endpoints', defaultEndpoints],
  ['EndpointSlice', defaultSlice],
  ['CustomResourceDefinition', defaultDefinition],
]);

function defaultNamespace(object: KubeDocument, { version }: DefaultingContext): void {
  if (version.atLeast(21)) {
    object.metadata.labels = {
      ...object.metadata.labels,
      'kubernetes.io/metadata.name': object.metadata.name,
    };
  }
  childObject(object, 'spec').finalizers ??= ['kubernetes'];
  childObject(object, 'status').phase ??= 'Active';
}

function defaultService(object: KubeDocument, context: DefaultingContext): void {
  const spec = childObject(object, 'spec');
  spec.type ??= 'ClusterIP';
  spec.sessionAffinity ??= 'None';
  childObject(childObject(object, 'status'), 'loadBalancer');
  for (const port of records(spec.ports)) {
    port.protocol ??= 'TCP';
    port.targetPort ??= port.port;
  }
  if (spec.type === 'ExternalName') {
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) delete spec[field];
    return;
  }
  defaultClusterIps(spec, context);
  if (context.version.atLeast(22)) spec.internalTrafficPolicy ??= 'Cluster';
}

function defaultClusterIps(spec: Record<string, unknown>, { clusterIps, previous }: DefaultingContext): void {
  keepClusterIps(spec, previous && isRecord(previous.spec) ? previous.spec : {});
  const listed = texts(spec.clusterIPs);
  const ip = isText(spec.clusterIP) ? spec.clusterIP : (listed[0] ?? clusterIps.allocate());
  spec.clusterIP = ip;
  spec.clusterIPs = listed[0] === ip ? listed : [ip];
  const families = texts(spec.clusterIPs)
    .filter((one) => one !== 'None')
    .map((one) => (one.includes(':') ? 'IPv6' : 'IPv4'));
  spec.ipFamilies ??= families.length > 0 ? families : ['IPv4'];
  spec.ipFamilyPolicy ??= 'SingleStack';
}

/** An update without an address keeps the one that it had: kubectl apply relies on it. */
function keepClusterIps(spec: Record<string, unknown>, before: Record<string, unknown>): void {
  if (isText(spec.clusterIP) || texts(spec.clusterIPs).length > 0 || !isText(before.clusterIP)) return;
  spec.clusterIP = before.clusterIP;
  spec.clusterIPs = before.clusterIPs;
}

function defaultEndpoints(object: KubeDocument): void {
  for (const subset of records(object.subsets)) {
    for (const port of records(subset.ports)) port.protocol ??= 'TCP';
  }
}

function defaultSlice(object: KubeDocument): void {
  for (const port of records(object.ports)) {
    port.name ??= '';
    port.protocol ??= 'TCP';
  }
}

function defaultDefinition(object: KubeDocument): void {
  const spec = childObject(object, 'spec');
  const names = childObject(spec, 'names');
  names.singular ??= String(names.kind).toLowerCase();
  names.listKind ??= `${String(names.kind)}List`;
  spec.conversion ??= { strategy: 'None' };
  const since = object.metadata.creationTimestamp;
  object.status ??= {
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found', since),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted', since),
    ],
    acceptedNames: { ...names },
    storedVersions: records(spec.versions)
      .filter(({ storage }) => storage === true)
      .map(({ name }) => name),
  };
}

function condition(type: string, reason: string, message: string, since: string | undefined): unknown {
  return { type, status: 'True', lastTransitionTime: since, reason, message };
}

/** The addresses that a service holds, `None` left out. */
export function heldClusterIps(service: KubeDocument): string[] {
  const spec = isRecord(service.spec) ? service.spec : {};
  return texts(spec.clusterIPs).filter((ip) => ip !== 'None');
}

function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(isText) : [];
}

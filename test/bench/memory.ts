import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type ClusterShape, ClusterGenerator, type GeneratedObject } from '../../dev/cluster-generator.js';
import type { KubeObject } from '../../src/modules/kubernetes/kube-api.js';
import { projectEndpoint } from '../../src/modules/k8s-sync/projections/endpoint.js';
import { projectIdentity } from '../../src/modules/k8s-sync/projections/identity.js';
import { projectNode } from '../../src/modules/k8s-sync/projections/node.js';
import type { Projected } from '../../src/modules/k8s-sync/projections/projection.js';
import { collect } from '../../src/modules/mirror/batch.js';
import { Turns } from '../../src/modules/mirror/turns.js';
import { DesiredState } from '../../src/modules/mirror/desired-state.js';
import type { Scope } from '../../src/modules/mirror/scope.js';

const cluster = { clusterName: 'east', clusterId: 3 };
const kinds = {
  'identities/v1': { count: 'identities', make: 'identity', project: projectIdentity },
  'nodes/v1': { count: 'nodes', make: 'node', project: projectNode },
  'ip/v1': { count: 'endpoints', make: 'endpoint', project: projectEndpoint },
} as const;

/**
 * What one key costs, bytes of heap, once it is written: the desired state alone, in this process, fed with objects as they
 * come from the wire. `textBytes` of it, the floor, are the bytes of key and value themselves.
 */
export function bytesPerKey(shape: ClusterShape): Record<string, number> {
  const generator = new ClusterGenerator(shape);
  const desired = new DesiredState(
    Object.keys(kinds).map((name) => ({ name, target: { prefix: `cilium/state/${name}/` } })),
  );
  const before = heapBytes();
  for (const [name, { count, make, project }] of Object.entries(kinds)) {
    const scope = desired.scope(name);
    for (let i = 0; i < shape[count]; i++) feed(desired, scope, generator[make](i), project);
    acknowledge(desired, scope);
  }
  const heap = heapBytes() - before;
  const records = [...desired.scopes.values()].flatMap((scope) => [...scope.records.values()]);
  const text = records.reduce((sum, { key, want }) => sum + key.length + (want?.length ?? 0), 0);
  const aKey = (bytes: number): number => Math.round(bytes / records.length);
  const ratioToFloor = Math.round((heap / text) * 100) / 100;
  return { keys: records.length, heapBytes: aKey(heap), textBytes: aKey(text), ratioToFloor };
}

function feed(
  desired: DesiredState,
  scope: Scope,
  generated: GeneratedObject,
  project: (object: KubeObject, context: typeof cluster) => Projected,
): void {
  const object = JSON.parse(JSON.stringify(generated)) as KubeObject;
  const { name, namespace } = object.metadata;
  const projected = project(object, cluster);
  if (projected.kind !== 'entries') throw new Error(`${name}: nothing wanted`);
  desired.replace(scope, namespace ? `${namespace}/${name}` : name, projected.entries);
}

/** Takes every dirty key as the writer does and tells that etcd has it, a thousand to a lease. */
function acknowledge(desired: DesiredState, scope: Scope): void {
  const waiting = new Turns();
  waiting.add(scope);
  let revision = 0;
  let lease = '';
  while (waiting.size > 0) {
    for (const record of collect(waiting, { maxOps: 128, maxBytes: 1024 * 1024 })) {
      if (revision++ % 1000 === 0) lease = String(7_587_000_000_000_000_000n + BigInt(revision));
      record.inFlight = false;
      scope.inFlight--;
      desired.stored(record, record.want, lease, revision);
    }
  }
}

/** After a full collection. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

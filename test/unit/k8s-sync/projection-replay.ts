import { textOf } from '../../../src/common/bytes.js';
import { projectEndpoint } from '../../../src/modules/k8s-sync/projections/endpoint.js';
import { projectIdentity } from '../../../src/modules/k8s-sync/projections/identity.js';
import { allScopeKeys } from '../../../src/modules/k8s-sync/projections/keys.js';
import { projectNode } from '../../../src/modules/k8s-sync/projections/node.js';
import type { ClusterContext, Projected } from '../../../src/modules/k8s-sync/projections/projection.js';
import { ServiceJoin } from '../../../src/modules/k8s-sync/projections/service-join.js';
import type { KubeObject } from '../../../src/modules/kubernetes/kube-api.js';
import { DesiredState } from '../../../src/modules/mirror/desired-state.js';

const proxyName = 'service.kubernetes.io/service-proxy-name';
const managedBy = 'endpointslice.kubernetes.io/managed-by';

export interface ReplayOptions {
  readonly ctx: ClusterContext;
  readonly exportAll: boolean;
  readonly backends: 'slice' | 'endpoints';
}

/** The API server's side (label selectors) and the mirror's side (owners of keys) around the projections, without any I/O. */
export class ProjectionReplay {
  private readonly desired: DesiredState;
  private readonly join: ServiceJoin;

  constructor(private readonly options: ReplayOptions) {
    const { clusterName } = options.ctx;
    this.desired = new DesiredState(
      allScopeKeys.map((keys) => ({ name: keys.scope, target: { prefix: keys.prefix(clusterName) } })),
    );
    this.join = new ServiceJoin(options);
  }

  apply(object: KubeObject): void {
    if (this.isSelected(object)) this.upsert(object);
    else this.delete(object);
    this.flush();
  }

  delete(object: KubeObject): void {
    const key = keyOf(object);
    const { kind = '' } = object;
    if (kind === 'Service') this.join.serviceDelete(key);
    else if (kind === this.backendsKind) this.join.backendsDelete(key);
    else if (kind in scopes) this.desired.remove(this.scopeOf(kind), key);
    this.flush();
  }

  /** Everything that is wanted now, as text. */
  wanted(): Record<string, string> {
    const all: Record<string, string> = {};
    for (const scope of this.desired.scopes.values()) {
      for (const { key, want } of scope.records.values()) if (want !== null) all[textOf(key)] = textOf(want);
    }
    return all;
  }

  private get backendsKind(): string {
    return this.options.backends === 'slice' ? 'EndpointSlice' : 'Endpoints';
  }

  /** Objects whose labels do not match the watch's selector are not seen (spec/k8s-sync.md §4). */
  private isSelected({ kind, metadata: { labels } }: KubeObject): boolean {
    if (kind === 'EndpointSlice') return labels?.[managedBy] !== 'endpointslice-mesh-controller.cilium.io';
    return (kind !== 'Service' && kind !== 'Endpoints') || labels?.[proxyName] === undefined;
  }

  private upsert(object: KubeObject): void {
    const key = keyOf(object);
    const { kind = '' } = object;
    if (kind === 'Service') this.join.serviceUpsert(key, object);
    else if (kind === this.backendsKind) this.join.backendsUpsert(key, object, this.options.backends);
    else if (kind in scopes) this.replace(kind, key, this.project(object));
  }

  private project(object: KubeObject): Projected {
    if (object.kind === 'CiliumIdentity') return projectIdentity(object);
    return object.kind === 'CiliumNode' ? projectNode(object, this.options.ctx) : projectEndpoint(object);
  }

  private flush(): void {
    for (const key of this.join.takeDirty()) this.replace('Service', key, this.join.project(key));
  }

  private replace(kind: string, key: string, projected: Projected): void {
    if (projected.kind === 'entries') this.desired.replace(this.scopeOf(kind), key, projected.entries);
  }

  private scopeOf(kind: string) {
    return this.desired.scope(scopes[kind] ?? kind);
  }
}

const scopes: Readonly<Record<string, string>> = {
  CiliumIdentity: 'identities/v1',
  CiliumNode: 'nodes/v1',
  CiliumEndpoint: 'ip/v1',
  Service: 'services/v1',
};

export function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

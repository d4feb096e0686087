import type { Clock } from '../../common/clock.js';
import type { Log } from '../../common/log.js';
import type { ClustermeshOptions } from '../config/clustermesh-options.js';
import type { KubeObject, ResourceRef, ResourceSink } from '../kubernetes/kube-api.js';
import { resources } from '../kubernetes/resources.js';
import type { SlicesSource } from '../kubernetes/slices-source.js';
import type { DesiredState } from '../mirror/desired-state.js';
import { ComplaintBook } from './complaint-book.js';
import { ObjectPipeline } from './object-pipeline.js';
import { projectEndpoint } from './projections/endpoint.js';
import { projectIdentity } from './projections/identity.js';
import { identityKeys, type ScopeName } from './projections/keys.js';
import { projectNode } from './projections/node.js';
import type { ClusterContext, Projected } from './projections/projection.js';
import { ServiceJoin } from './projections/service-join.js';
import { ServicesPipeline } from './services-pipeline.js';

/** One watched resource and where its events go. */
export interface Pipeline {
  readonly scope: ScopeName;
  readonly resource: ResourceRef;
  readonly labelSelector?: string;
  readonly needsCrds: boolean;
  readonly sink: ResourceSink;
}

export interface PipelineContext {
  readonly desired: DesiredState;
  readonly options: Pick<
    ClustermeshOptions,
    'clusterName' | 'clusterId' | 'enableExternalWorkloads' | 'kubernetes'
  >;
  readonly slices: SlicesSource;
  readonly clock: Clock;
  readonly log: Log;
  readonly onListed: (scope: ScopeName) => void;
  readonly onRejected: (resource: string) => void;
}

interface Kind {
  readonly scope: ScopeName;
  readonly resource: ResourceRef;
  readonly project: (object: KubeObject, cluster: ClusterContext) => Projected;
  readonly keptKey?: (objectKey: string, cluster: ClusterContext) => string;
  /** For the log, as the original words it. */
  readonly plural: string;
}

/** Kinds whose objects stand for themselves. Adding one is a row here and a projection file. */
const kinds: readonly Kind[] = [
  {
    scope: 'identities/v1',
    resource: resources.ciliumidentities,
    project: projectIdentity,
    keptKey: (name, { clusterName }) => identityKeys.prefix(clusterName) + name,
    plural: 'identities',
  },
  { scope: 'nodes/v1', resource: resources.ciliumnodes, project: projectNode, plural: 'nodes' },
  { scope: 'ip/v1', resource: resources.ciliumendpoints, project: projectEndpoint, plural: 'endpoints' },
];

const backendsResource: Readonly<Record<SlicesSource, ResourceRef>> = {
  'discovery.k8s.io/v1': resources.endpointslicesV1,
  'discovery.k8s.io/v1beta1': resources.endpointslicesV1beta1,
  'v1/endpoints': resources.endpoints,
};

/** Slices that another cluster's mesh controller wrote here are not ours to export. */
const slicesSelector = 'endpointslice.kubernetes.io/managed-by!=endpointslice-mesh-controller.cilium.io';
const proxyNameLabel = 'service.kubernetes.io/service-proxy-name';

/** All that `clustermesh` watches (spec/k8s-sync.md §1, §4). */
export function pipelinesFor(context: PipelineContext): readonly Pipeline[] {
  return [...kinds.map((kind) => objectPipeline(kind, context)), ...servicePipelines(context)];
}

function objectPipeline(kind: Kind, context: PipelineContext): Pipeline {
  const { desired, options, clock, log, onListed, onRejected } = context;
  const { scope, resource, project, keptKey, plural } = kind;
  const complaints = new ComplaintBook(resource.plural, log, onRejected);
  const sink = new ObjectPipeline({
    desired,
    scope: desired.scope(scope),
    project: (object) => project(object, options),
    ...(keptKey ? { keptKey: (key: string) => keptKey(key, options) } : {}),
    complaints,
    clock,
    onListed: () => {
      log.info(`Initial list of ${plural} successfully received from Kubernetes`);
      onListed(scope);
    },
  });
  return { scope, resource, needsCrds: true, sink };
}

function servicePipelines(context: PipelineContext): readonly Pipeline[] {
  const { desired, options, slices, clock, log, onListed, onRejected } = context;
  const scope = 'services/v1';
  const endpoints = slices === 'v1/endpoints';
  const joined = new ServicesPipeline({
    desired,
    scope: desired.scope(scope),
    join: new ServiceJoin({ ctx: options, exportAll: options.enableExternalWorkloads }),
    backends: endpoints ? 'endpoints' : 'slice',
    complaints: new ComplaintBook('services', log, onRejected),
    clock,
    onListed: () => {
      log.info('Initial list of services successfully received from Kubernetes');
      onListed(scope);
    },
  });
  const proxyName = options.kubernetes.serviceProxyName;
  const serviceSelector = proxyName === '' ? `!${proxyNameLabel}` : `${proxyNameLabel}==${proxyName}`;
  const common = { scope, needsCrds: false } as const;
  return [
    { ...common, resource: resources.services, labelSelector: serviceSelector, sink: joined.services },
    {
      ...common,
      resource: backendsResource[slices],
      labelSelector: endpoints ? serviceSelector : slicesSelector,
      sink: joined.backends,
    },
  ];
}

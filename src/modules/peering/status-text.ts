import type { ClusterStatus } from './cluster-status.js';

/** For people (after spec/operations.md §12.3). */
export function clusterStatusText(status: ClusterStatus): string {
  const title = `Cluster ${status.name ?? '?'} (context ${status.context}, id ${status.id ?? '?'})`;
  return [
    title,
    ...serviceLines(status),
    ...deploymentLines(status),
    ...certificateLines(status),
    ...connectionLines(status),
    ...status.warnings.map((text) => `⚠️  ${text}`),
    ...(status.errors.length > 0 ? [`❌ ${status.errors.length} Errors:`] : []),
    ...status.errors.map((text) => `  ❌ ${text}`),
    '',
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function serviceLines({ service }: ClusterStatus): string[] {
  if (!service) return [];
  const found = `✅ Service "clustermesh-apiserver" of type "${service.type}" found`;
  if (service.endpoints.length === 0) return [found];
  const lines = service.endpoints.map(
    ({ address, reachable }) => `  - ${address}${reachable ? '' : ' (not reachable from here)'}`,
  );
  return [found, '✅ Cluster access information is available:', ...lines];
}

function deploymentLines({ deployment, kvstoremesh }: ClusterStatus): string[] {
  if (!deployment) return [];
  const ready = deployment.ready ? ['✅ Deployment clustermesh-apiserver is ready'] : [];
  return [...ready, `ℹ️  KVStoreMesh is ${kvstoremesh ? 'enabled' : 'disabled'}`];
}

function certificateLines({ certificates = [] }: ClusterStatus): string[] {
  if (certificates.length === 0) return [];
  return ['🔑 Certificates:', ...certificates.map(({ secret, days }) => `  - ${secret}: ${days} days left`)];
}

function connectionLines({ connections }: ClusterStatus): string[] {
  if (!connections) return [];
  const clusters = Object.entries(connections.clusters);
  if (clusters.length === 0) return ['🔌 No cluster connected'];
  const lines = clusters.map(([name, { connected }]) => {
    const shown =
      connected === undefined
        ? 'connection unknown'
        : `KVStoreMesh: ${connected}/${connections.replicas} connected`;
    return `  - ${name}: configured, ${shown}`;
  });
  return ['🔌 Cluster Connections:', ...lines];
}

import type { TextSink } from '../../common/text-sink.js';
import { resources } from '../kubernetes/resources.js';
import { type ClusterHandle, containersOf, read, readClusterIdentity } from './access-information.js';
import { type DeploymentObject, names, type ServiceObject } from './cluster-objects.js';
import { type Host, peerSecretEdits } from './peer-edits.js';
import { handedPeers, type ManifestFile } from './secret-manifest.js';
import { applyAll } from './transaction.js';

/**
 * Merges extracted secrets into those of a cluster; what was imported before stays. With KVStoreMesh they become its own, and
 * agents read the cache instead (the original leaves KVStoreMesh out). The cluster's own entry is passed over.
 * @throws Error before anything is written; EditsFailed.
 */
export async function importSecrets(
  handle: ClusterHandle,
  files: readonly ManifestFile[],
  out: TextSink,
): Promise<void> {
  const found = handedPeers(files);
  const host = await readHost(handle);
  const peers = found.filter(({ name }) => name !== host.name);
  if (peers.length < found.length) out.write(`ℹ️ Passed over ${host.name}, which is this cluster itself\n`);
  const written = await applyAll(peers.length === 0 ? [] : peerSecretEdits(host, peers));
  for (const what of written) out.write(`ℹ️ Wrote ${what}\n`);
  const list = peers.map(({ name }) => name).join(', ');
  out.write(
    peers.length === 0 ? 'ℹ️ Nothing to import\n' : `✅ Imported into cluster ${handle.context}: ${list}\n`,
  );
}

async function readHost(handle: ClusterHandle): Promise<Host> {
  const deployment = await read<DeploymentObject>(handle, resources.deployments, names.server);
  const service = await read<ServiceObject>(handle, resources.services, names.server);
  const { name } = await readClusterIdentity(handle, deployment);
  const kvstoremesh = containersOf(deployment).some((container) => container.name === 'kvstoremesh');
  return { handle, name, kvstoremesh, servicePort: service?.spec?.ports?.[0]?.port ?? 2379 };
}

import type { TextSink } from '../../common/text-sink.js';
import { resources } from '../kubernetes/resources.js';
import { type ClusterHandle, read, readClusterIdentity } from './access-information.js';
import { type DeploymentObject, names } from './cluster-objects.js';
import { type ConnectionMode, pairsOf, pairText } from './connection-mode.js';
import { disconnectEdits } from './peer-edits.js';
import { applyAll } from './transaction.js';

export interface DisconnectRequest {
  readonly local: ClusterHandle;
  readonly remotes: readonly ClusterHandle[];
  /** Names of clusters that cannot be asked any more: they are removed from the first one alone. */
  readonly gone: readonly string[];
  readonly mode: ConnectionMode;
}

interface Side {
  readonly handle: ClusterHandle;
  readonly name: string;
  readonly hasServer: boolean;
}

/** Takes peers out of the secrets. Doing it again changes nothing. @throws Error before anything is written; EditsFailed. */
export async function disconnectClusters(request: DisconnectRequest, out: TextSink): Promise<void> {
  const { mode, gone } = request;
  const local = await readSide(request.local);
  const remotes: Side[] = [];
  for (const handle of request.remotes) remotes.push(await readSide(handle));
  const edits = pairsOf(mode, local, remotes).flatMap(({ host, peers }) => {
    for (const peer of peers)
      out.write(
        `ℹ️ Configuring Cilium in cluster ${host.handle.context} to disconnect from cluster ${peer.handle.context}\n`,
      );
    const here = [...peers.map(({ name }) => name), ...(host === local ? gone : [])];
    return disconnectEdits(host, here, host.hasServer);
  });
  for (const what of await applyAll(edits)) out.write(`ℹ️ Wrote ${what}\n`);
  const own = local.handle.context;
  const texts = [
    ...remotes.map(({ handle }) => pairText(mode, own, handle.context, 'x')),
    ...gone.map((name) => pairText('unicast', own, name, 'x')),
  ];
  for (const text of texts) out.write(`✅ Disconnected clusters ${text}!\n`);
}

async function readSide(handle: ClusterHandle): Promise<Side> {
  try {
    const deployment = await read<DeploymentObject>(handle, resources.deployments, names.server);
    const { name } = await readClusterIdentity(handle, deployment);
    return { handle, name, hasServer: deployment !== undefined };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`cluster ${handle.context}: ${why}`, { cause: error });
  }
}

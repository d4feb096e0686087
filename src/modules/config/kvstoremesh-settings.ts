import { ServerSettings } from './server-settings.js';
import { addressFault } from './setting-faults.js';
import { DurationAtLeast, Rule } from './setting-rules.js';

/** The flags of `kvstoremesh` beyond those of every server (spec/kvstoremesh.md §2). Problems here are reported before theirs. */
export class KvstoremeshSettings extends ServerSettings {
  @Rule('range', '1..max-connected-clusters', idFault)
  clusterId!: number;

  @Rule('given', 'a directory', directoryFault)
  clustermeshConfig!: string;

  @DurationAtLeast(0)
  perClusterReadyTimeout!: number;

  @DurationAtLeast(0)
  globalReadyTimeout!: number;

  @DurationAtLeast(0)
  clustermeshCacheTtl!: number;

  @Rule('address', 'host:port or :port', addressFault)
  apiServeAddr!: string;

  disableDrainOnDisconnection!: boolean;
}

/** The original's words, which differ from those of `clustermesh` (spec/operations.md §1.3). */
function idFault(id: number, settings: KvstoremeshSettings): string | undefined {
  const max = settings.maxConnectedClusters === 511 ? 511 : 255;
  if (id === 0) return 'ClusterID 0 is reserved';
  return id > max ? `ClusterID > ${max} is not supported` : undefined;
}

function directoryFault(path: string): string | undefined {
  return path === '' ? 'the ClusterMesh configuration directory is not configured' : undefined;
}

import type { Clock } from '../../common/clock.js';
import type { TextSink } from '../../common/text-sink.js';
import type { ClusterHandle } from './access-information.js';
import { type ClusterStatus, readClusterStatus, type StatusTools } from './cluster-status.js';
import { clusterStatusText } from './status-text.js';

export interface StatusRequest {
  readonly clusters: readonly ClusterHandle[];
  /** How long to wait until there is no error, ms; 0: look once. */
  readonly waitMs: number;
  readonly output: 'summary' | 'json';
}

export interface StatusOutput {
  readonly out: TextSink;
  readonly err: TextSink;
}

const everyMs = 2_000;
const tellEveryMs = 10_000;

/** Shows the clusters; 1 when one of them has an error, also after waiting for it to go (the original says 0 without --wait). */
export async function showStatus(
  { clusters, waitMs, output }: StatusRequest,
  { out, err }: StatusOutput,
  clock: Clock,
  reaches: StatusTools['reaches'],
): Promise<number> {
  const tools = { now: () => clock.now(), reaches };
  const look = (): Promise<ClusterStatus[]> =>
    Promise.all(clusters.map((cluster) => readClusterStatus(cluster, tools)));
  const startedAt = clock.monotonic();
  let toldAt = -Infinity;
  let seen = await look();
  for (;;) {
    const waited = clock.monotonic() - startedAt;
    const [first] = seen.flatMap(({ context, errors }) => errors.map((error) => `${context}: ${error}`));
    if (first === undefined || waited + everyMs > waitMs) break;
    if (waited - toldAt >= tellEveryMs) {
      err.write(`⌛ Waiting (${Math.trunc(waited / 1000)}s) for ${first}\n`);
      toldAt = waited;
    }
    await clock.sleep(everyMs);
    seen = await look();
  }
  if (output === 'json') out.write(`${JSON.stringify({ clusters: seen }, null, 2)}\n`);
  else for (const status of seen) out.write(clusterStatusText(status));
  return seen.some(({ errors }) => errors.length > 0) ? 1 : 0;
}

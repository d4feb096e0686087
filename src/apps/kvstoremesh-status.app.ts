import type { TextSink } from '../common/text-sink.js';
import type { KvstoreMeshStatusOptions } from '../modules/config/debug-options.js';
import { JsonPathError } from '../modules/debug/json-path.js';
import { formattedStatus, type MeshCluster, statusText } from '../modules/debug/mesh-status.js';

const timeoutMs = 10_000;

/** Asks the KVStoreMesh API and shows what it says; 1 when that fails, 0 whatever state the clusters are in. */
export async function runKvstoreMeshStatus(
  { host, output, verbose }: KvstoreMeshStatusOptions,
  out: TextSink,
): Promise<number> {
  const clusters = await ask(host);
  if (clusters === undefined) {
    out.write(
      `Failed to retrieve status information: is KVStoreMesh running and serving the API on ${host}?\n`,
    );
    return 1;
  }
  const { text, code } = shown(output, verbose, clusters);
  out.write(text);
  return code;
}

async function ask(host: string): Promise<MeshCluster[] | undefined> {
  try {
    const answer = await fetch(`http://${host}/v1/cluster`, { signal: AbortSignal.timeout(timeoutMs) });
    const body: unknown = answer.ok ? await answer.json() : undefined;
    return Array.isArray(body) ? (body as MeshCluster[]) : undefined;
  } catch (error) {
    // Refused, cut off, too late, or not JSON: whatever answers there is not KVStoreMesh.
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function shown(
  output: string,
  verbose: boolean,
  clusters: readonly MeshCluster[],
): { text: string; code: number } {
  if (output === '') return { text: statusText(clusters, verbose, Date.now()), code: 0 };
  try {
    const text = formattedStatus(output, clusters);
    if (text !== undefined) return { text, code: 0 };
    return { text: "Failed to output status information: couldn't find output printer\n", code: 1 };
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    return { text: `Failed to output status information: ${error.message}\n`, code: 1 };
  }
}

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TextSink } from '../common/text-sink.js';
import type { TroubleshootOptions } from '../modules/config/debug-options.js';
import { etcdReport } from '../modules/debug/etcd-report.js';

/** Checks the etcds that the options name and shows what it finds; 1 only when there is nothing that could be checked. */
export async function runTroubleshoot(options: TroubleshootOptions, out: TextSink): Promise<number> {
  const print = (...lines: string[]): unknown => out.write(lines.map((line) => `${line}\n`).join(''));
  const { local, remote, timeoutMs } = options;
  if (local !== undefined) {
    print('Local etcd kvstore:', ...(await etcdReport(local, timeoutMs)));
    if (remote) print('', '');
  }
  if (!remote) return 0;
  const found = await clusterFiles(remote.directory);
  if (!Array.isArray(found)) {
    print('❌ Cannot read the ClusterMesh configuration directory', `   ${found.error}`);
    return 1;
  }
  print(`Found ${found.length} cluster configurations`);
  const asked = remote.clusters.length > 0 ? [...remote.clusters].toSorted() : found;
  if (remote.clusters.length > 0) print(`Troubleshooting filtered subset of clusters: ${asked.join(', ')}`);
  for (const cluster of asked) {
    print('', `Cluster ${JSON.stringify(cluster)}:`);
    if (!found.includes(cluster)) {
      print('❌ Configuration not found');
      continue;
    }
    if (cluster === options.localClusterName) print('ℹ️  This entry corresponds to the local cluster');
    print(...(await etcdReport(join(remote.directory, cluster), timeoutMs)));
  }
  return 0;
}

/** Names of the files that are cluster configurations, sorted: those with `endpoints:` in them (spec/operations.md §4.7). */
async function clusterFiles(directory: string): Promise<string[] | { error: string }> {
  try {
    const names = (await readdir(directory)).toSorted();
    const checks = await Promise.all(names.map((name) => isClusterFile(join(directory, name))));
    return names.filter((_, index) => checks[index]);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { error: code === 'ENOENT' ? `open ${directory}: no such file or directory` : message };
  }
}

async function isClusterFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile() && (await readFile(path, 'utf8')).includes('endpoints:');
  } catch (error) {
    // A dangling link, or a file that is not for us: no configuration of a cluster.
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}

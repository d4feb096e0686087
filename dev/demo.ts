// The whole program on one machine: an API server from a folder of YAML files (or a generated cluster), a real etcd, and
// the mirror between them. Started by scripts/demo.mjs, which makes sure that everything it needs is there.
import { join, resolve } from 'node:path';
import { parseDemoOptions, usage, type DemoOptions } from './demo/demo-options.js';
import { DemoProcesses } from './demo/demo-processes.js';
import { DemoStack } from './demo/demo-stack.js';
import { checkKeys, expectedKeys } from './demo/expected-keys.js';
import { MeshStack } from './demo/mesh-stack.js';
import { showMesh } from './demo/watch-mesh.js';
import { feedFolder, followKeys, printOverview } from './demo/watch-folder.js';
import { followLoad, generateCluster } from './demo/watch-load.js';

export interface DemoContext {
  /** The project's folder. */
  readonly root: string;
  /** The etcd executable. */
  readonly etcd: string;
  readonly args: readonly string[];
  /** Aborts at Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Runs the demo to its end. Resolves with the exit code; nothing is left behind then. */
export async function runDemo({ root, etcd, args, signal }: DemoContext): Promise<number> {
  let options: DemoOptions;
  try {
    options = parseDemoOptions(args, join(root, 'dev', 'manifests'));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const processes = new DemoProcesses();
  const end = new AbortController();
  const finish = (): void => {
    end.abort();
  };
  signal.addEventListener('abort', finish);
  const timer = options.duration === undefined ? undefined : setTimeout(finish, options.duration * 1000);
  try {
    const parts = { processes, root, etcd };
    const shown =
      options.mesh === undefined
        ? show(new DemoStack(parts), options, end.signal)
        : showMesh(new MeshStack({ ...parts, clusters: options.mesh }), options.once, end.signal);
    await Promise.race([shown, processes.failure, aborted(end.signal)]);
    return 0;
  } catch (error) {
    const { message } = await processes.causeOf(error as Error);
    console.error(`\n${message}`);
    return 1;
  } finally {
    clearTimeout(timer);
    finish();
    await processes.stop();
  }
}

async function show(stack: DemoStack, options: DemoOptions, signal: AbortSignal): Promise<void> {
  await stack.start();
  const { cluster, once, rate } = options;
  const manifests = resolve(options.manifests);
  const folder = cluster ? undefined : await feedFolder(stack, manifests);
  try {
    if (cluster) generateCluster(stack, cluster);
    const readyMs = await stack.startMirror();
    if (once) await check(stack);
    if (!cluster) await printOverview(stack, readyMs);
    else
      console.log(
        `Ready after ${(readyMs / 1000).toFixed(1)} s: ${await keyCount(stack)} keys in etcd; status page ${stack.urls.page}`,
      );
    if (once) return;
    await (cluster ? followLoad(stack, cluster, rate, signal) : followKeys(stack, manifests, signal));
  } finally {
    await folder?.stop();
  }
}

/** @throws Error unless etcd holds exactly the keys that the objects give */
async function check(stack: DemoStack): Promise<void> {
  checkKeys(expectedKeys(stack.apiServer), await stack.etcd.list('cilium/'));
}

async function keyCount(stack: DemoStack): Promise<string> {
  return String(await stack.etcd.count('cilium/'));
}

/** Also in the middle of starting. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    signal.addEventListener('abort', () => {
      done();
    });
  });
}

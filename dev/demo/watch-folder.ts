import { relative } from 'node:path';
import { ManifestFolder } from '../manifest-folder.js';
import type { DemoStack } from './demo-stack.js';
import { printChange, printKeys } from './print-keys.js';

/** Feeds the API server from a folder. @throws Error if the folder cannot be read */
export async function feedFolder(stack: DemoStack, directory: string): Promise<ManifestFolder> {
  const onError = (message: string): void => {
    console.error(message);
  };
  const folder = new ManifestFolder({ directory, server: stack.apiServer, onError });
  await folder.start();
  return folder;
}

/** What there is to see, and where. */
export async function printOverview(stack: DemoStack, readyMs: number): Promise<void> {
  const entries = await stack.etcd.list('cilium/');
  console.log(`\nReady after ${(readyMs / 1000).toFixed(1)} s. The ${String(entries.length)} keys in etcd:`);
  printKeys(entries);
  const { urls } = stack;
  console.log(`
Where to look:
  status     ${urls.page} (in a browser)
             curl ${urls.status}
  readiness  ${urls.ready}
  metrics    ${urls.metrics}
  API server curl ${urls.apiServer}/apis/cilium.io/v2/ciliumnodes
  etcd       ETCDCTL_API=3 etcdctl --endpoints ${urls.etcd} get --prefix cilium/`);
}

/** Prints every change of a key until the signal aborts; the heartbeat is left out. */
export async function followKeys(stack: DemoStack, directory: string, signal: AbortSignal): Promise<void> {
  const folder = relative(process.cwd(), directory) || directory;
  console.log(`\nEdit a file in ${folder} and watch; Ctrl-C ends everything.`);
  for await (const change of stack.etcd.watch('cilium/', signal)) {
    if (change.key !== 'cilium/.heartbeat') printChange(change);
  }
}

import type { CommandName } from './flag.js';

/** The commands that take flags of the table and work, for the command line, its help and docs/flags.md. */
export const COMMANDS = [
  { name: 'clustermesh', summary: 'Run the ClusterMesh apiserver: mirror Kubernetes objects into etcd' },
  { name: 'kvstoremesh', summary: 'Run KVStoreMesh: copy remote clusters into the local etcd' },
  { name: 'etcdinit', summary: 'Prepare the data directory of an etcd for ClusterMesh' },
  { name: 'clustermesh-dbg troubleshoot', summary: 'Check the connection to the local etcd' },
  { name: 'kvstoremesh-dbg status', summary: 'Show what KVStoreMesh says of the remote clusters' },
  { name: 'kvstoremesh-dbg troubleshoot', summary: 'Check the connections to the etcds of remote clusters' },
] as const satisfies readonly { readonly name: CommandName; readonly summary: string }[];

export type WorkingCommand = (typeof COMMANDS)[number]['name'];

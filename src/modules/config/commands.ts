import type { CommandName } from './flag.js';

/** The commands that take flags of the table and work, for the command line, its help and docs/flags.md. */
export const COMMANDS = [
  { name: 'clustermesh', summary: 'Run the ClusterMesh apiserver: mirror Kubernetes objects into etcd' },
  { name: 'kvstoremesh', summary: 'Run KVStoreMesh: copy remote clusters into the local etcd' },
  { name: 'etcdinit', summary: 'Prepare the data directory of an etcd for ClusterMesh' },
  { name: 'certs', summary: 'Keep the certificates of the mesh, and their authority, in secrets' },
  { name: 'clustermesh-dbg troubleshoot', summary: 'Check the connection to the local etcd' },
  { name: 'kvstoremesh-dbg status', summary: 'Show what KVStoreMesh says of the remote clusters' },
  { name: 'kvstoremesh-dbg troubleshoot', summary: 'Check the connections to the etcds of remote clusters' },
  { name: 'admin status', summary: 'Show how a running server is; exit code 1 when something needs a look' },
  { name: 'admin diff', summary: 'Show what etcd holds beside what is wanted; exit code 1 when it differs' },
  { name: 'admin resync', summary: 'List the source afresh, compare with etcd and repair' },
  { name: 'admin events', summary: 'Show what happened, newest last' },
  { name: 'connect', summary: 'Connect this cluster with others, by their secrets' },
  { name: 'disconnect', summary: 'Take the connection of this cluster with others away' },
  { name: 'status', summary: 'Show how clusters are connected, and what keeps them from it' },
  {
    name: 'secret extract',
    summary: 'Write the secret by which other clusters reach this one; it holds a key',
  },
  { name: 'secret import', summary: 'Merge extracted secrets of other clusters into those of this one' },
] as const satisfies readonly { readonly name: CommandName; readonly summary: string }[];

/** What commands that only hold others are for. */
export const GROUPS: Readonly<Record<string, string>> = {
  'clustermesh-dbg': 'Commands for debugging clustermesh',
  'kvstoremesh-dbg': 'Commands for debugging kvstoremesh',
  admin: 'Ask a running server by its admin API',
  secret: 'Hand what is needed to reach a cluster to another one',
};

export type WorkingCommand = (typeof COMMANDS)[number]['name'];

import type { CommandName } from './flag.js';

/** The commands that take flags of the table and work, for the command line, its help and docs/flags.md. */
export const COMMANDS = [
  { name: 'clustermesh', summary: 'Run the ClusterMesh apiserver: mirror Kubernetes objects into etcd' },
] as const satisfies readonly { readonly name: CommandName; readonly summary: string }[];

export type WorkingCommand = (typeof COMMANDS)[number]['name'];

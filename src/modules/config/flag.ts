/** How a flag's text is read; the names follow pflag's, so that messages and help read alike. */
export type FlagType =
  | 'string'
  | 'bool'
  | 'int'
  | 'uint'
  | 'uint16'
  | 'uint32'
  | 'float'
  | 'duration' // Go duration, held as ms
  | 'list' // a,b
  | 'kvmap'; // k=v,k=v

export type FlagValue = string | boolean | number | readonly string[] | Readonly<Record<string, string>>;

export type CommandName =
  | 'clustermesh'
  | 'kvstoremesh'
  | 'etcdinit'
  | 'certs'
  | 'clustermesh-dbg troubleshoot'
  | 'kvstoremesh-dbg status'
  | 'kvstoremesh-dbg troubleshoot'
  | 'admin status'
  | 'admin diff'
  | 'admin resync'
  | 'admin events'
  | 'connect'
  | 'disconnect'
  | 'status'
  | 'secret extract'
  | 'secret import';

/** One row of the table that parsing, help, documentation and the log of effective options are made from. */
export interface Flag {
  readonly name: string;
  readonly shorthand?: string;
  readonly type: FlagType;
  /** As it would be typed; '' is an empty list or map. */
  readonly default: string;
  readonly help: string;
  /** Works, but is not shown by --help. */
  readonly hidden?: true;
  /** The commands for people read no environment. */
  readonly noEnv?: true;
  /** Another variable than envName() would make of the name. */
  readonly env?: string;
  readonly commands: readonly CommandName[];
}

/** `--cluster-id` is CILIUM_CLUSTER_ID. Names without the prefix are never read. */
export function envName(flag: Flag): string {
  return flag.env ?? `CILIUM_${flag.name.toUpperCase().replaceAll('-', '_')}`;
}

/** `--cluster-id` is clusterId. */
export function propertyName(flag: Flag): string {
  return flag.name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Of every `admin` command. */
export interface AdminOptions {
  /** host:port of the admin API. */
  readonly address: string;
  readonly output: 'table' | 'json';
}

export interface AdminDiffOptions extends AdminOptions {
  /** Empty = all. */
  readonly scopes: readonly string[];
  /** '' = all. */
  readonly cluster: string;
  /** Keys to name. */
  readonly limit: number;
}

export interface AdminResyncOptions extends AdminOptions {
  /** Empty = all. */
  readonly scopes: readonly string[];
  readonly dryRun: boolean;
  /** How long to wait for its end. */
  readonly timeoutMs: number;
}

export interface AdminEventsOptions extends AdminOptions {
  readonly follow: boolean;
}

import type {
  AdminDiffOptions,
  AdminEventsOptions,
  AdminOptions,
  AdminResyncOptions,
} from './admin-options.js';
import { parseHostPort } from './host-port.js';
import type { LoadedOptions } from './load-kvstore-command.js';
import { loadSettings } from './load-tool-options.js';
import type { ReadArgv } from './read-argv.js';
import type { Environment } from './resolve-flags.js';
import { DurationAtLeast, OneOf, Rule } from './setting-rules.js';

class AdminSettings {
  @Rule('address', 'host:port', (address: string) =>
    parseHostPort(address) === undefined ? '--{flag}={value} is invalid; must be host:port' : undefined,
  )
  address!: string;

  @OneOf(['table', 'json'])
  output!: 'table' | 'json';
}

class ScopedSettings extends AdminSettings {
  scope!: readonly string[];
}

class DiffSettings extends ScopedSettings {
  @Rule('limit', '0 to 10000', (limit: number) =>
    limit > 10_000 ? '--{flag}={value} is invalid; must be at most 10000' : undefined,
  )
  limit!: number;

  cluster!: string;
}

class ResyncSettings extends ScopedSettings {
  @DurationAtLeast(1)
  timeout!: number;

  dryRun!: boolean;
}

class EventsSettings extends AdminSettings {
  follow!: boolean;
}

/** Reads, checks and freezes the options of `admin status`. Opens nothing. */
export function loadAdminStatusOptions(argv: ReadArgv, env: Environment): LoadedOptions<AdminOptions> {
  return loadSettings('admin status', new AdminSettings(), argv, env, common);
}

/** The same for `admin diff`. */
export function loadAdminDiffOptions(argv: ReadArgv, env: Environment): LoadedOptions<AdminDiffOptions> {
  return loadSettings('admin diff', new DiffSettings(), argv, env, ({ scope, cluster, limit, ...rest }) => ({
    ...common(rest),
    scopes: scope,
    cluster,
    limit,
  }));
}

/** The same for `admin resync`. */
export function loadAdminResyncOptions(argv: ReadArgv, env: Environment): LoadedOptions<AdminResyncOptions> {
  return loadSettings(
    'admin resync',
    new ResyncSettings(),
    argv,
    env,
    ({ scope, dryRun, timeout, ...rest }) => ({
      ...common(rest),
      scopes: scope,
      dryRun,
      timeoutMs: timeout,
    }),
  );
}

/** The same for `admin events`. */
export function loadAdminEventsOptions(argv: ReadArgv, env: Environment): LoadedOptions<AdminEventsOptions> {
  return loadSettings('admin events', new EventsSettings(), argv, env, ({ follow, ...rest }) => ({
    ...common(rest),
    follow,
  }));
}

function common({ address, output }: AdminSettings): AdminOptions {
  return { address, output };
}

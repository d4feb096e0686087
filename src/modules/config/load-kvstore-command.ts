import { deepFreeze } from './deep-freeze.js';
import { propertyName } from './flag.js';
import { flagsOf } from './flags.js';
import { type KvstoreOpts, readKvstoreOpts } from './kvstore-opts.js';
import type { OptionProblem } from './option-problem.js';
import type { ReadArgv } from './read-argv.js';
import { effectiveOptions, type Environment, resolveFlags } from './resolve-flags.js';
import type { KvstoreOptions } from './server-options.js';
import type { ServerSettings } from './server-settings.js';
import { validateSettings } from './validate-settings.js';

/** What a command line and an environment amount to: the options, or everything that is wrong with them at once. */
export interface LoadedOptions<O> {
  readonly options: O | undefined;
  readonly problems: readonly OptionProblem[];
  /** How to log, as far as it could be read. */
  readonly logging: { readonly debug: boolean; readonly format: 'logfmt' | 'json' };
  /** `  --name='value'`, sorted. */
  readonly effective: readonly string[];
}

/** Reads, checks and freezes the options of a command that keeps an etcd. `blank` carries the rules and takes the values. */
export function loadKvstoreCommand<S extends ServerSettings, O extends object>(
  command: 'clustermesh' | 'kvstoremesh',
  blank: S,
  argv: Pick<ReadArgv, 'given' | 'errors'>,
  env: Environment,
  optionsOf: (settings: S, kvstore: KvstoreOptions) => O,
): LoadedOptions<O> {
  const { settings, problems } = resolveFlags(flagsOf(command), argv.given, env);
  const values = Object.fromEntries(settings.map(({ flag, value }) => [propertyName(flag), value]));
  const typed: S = Object.assign(blank, values);
  const origin = settings.find((setting) => setting.flag.name === 'kvstore-opt')?.origin ?? '';
  const { opts, problem: badOpts } = readKvstoreOpts(typed.kvstoreOpt, origin);

  const unreadable = new Set(problems.map((problem) => problem.flag));
  const rules = [...validateSettings(typed, settings), ...kvstoreProblems(typed, opts), badOpts ?? []].flat();
  const all = [
    ...argv.errors.map((message): OptionProblem => ({ flag: '', message, usage: true })),
    ...problems,
    ...rules.filter((problem) => !unreadable.has(problem.flag)),
  ];
  return {
    options: all.length === 0 ? deepFreeze(optionsOf(typed, kvstoreOf(typed, opts))) : undefined,
    problems: all,
    logging: { debug: typed.debug, format: typed.logFormat === 'json' ? 'json' : 'logfmt' },
    effective: effectiveOptions(settings),
  };
}

function kvstoreProblems(settings: ServerSettings, opts: KvstoreOpts): OptionProblem[] {
  if (
    settings.kvstore !== 'etcd' ||
    (opts['etcd.config'] ?? '') !== '' ||
    (opts['etcd.address'] ?? '') !== ''
  ) {
    return [];
  }
  const message =
    'failed connecting to kvstore: invalid etcd configuration, etcd.config or etcd.address must be specified';
  const expected = 'etcd.config=<path> or etcd.address=<url>';
  return [{ flag: 'kvstore-opt', message, usage: false, option: '--kvstore-opt', expected }];
}

function kvstoreOf(settings: ServerSettings, opts: KvstoreOpts): KvstoreOptions {
  const qps = opts['etcd.qps'] ?? 20;
  return {
    ...(opts['etcd.config'] ? { configPath: opts['etcd.config'] } : {}),
    ...(opts['etcd.address'] ? { address: opts['etcd.address'] } : {}),
    qps,
    ...(opts['etcd.bootstrapQps'] ? { bootstrapQps: opts['etcd.bootstrapQps'] } : {}),
    maxInflight: opts['etcd.maxInflight'] || qps,
    limit: opts['etcd.limit'] ?? 256,
    keepaliveHeartbeatMs: opts['etcd.keepaliveHeartbeat'] ?? 15_000,
    keepaliveTimeoutMs: opts['etcd.keepaliveTimeout'] ?? 25_000,
    maxTxnOps: opts['etcd.maxTxnOps'] ?? 128,
    leaseTtlMs: settings.kvstoreLeaseTtl,
    periodicSyncMs: settings.kvstorePeriodicSync,
    connectivityTimeoutMs: settings.kvstoreConnectivityTimeout,
    maxConsecutiveQuorumErrors: settings.kvstoreMaxConsecutiveQuorumErrors,
  };
}

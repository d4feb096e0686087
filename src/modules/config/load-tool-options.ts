import type { KvstoreMeshStatusOptions, TroubleshootOptions } from './debug-options.js';
import { deepFreeze } from './deep-freeze.js';
import type { EtcdInitOptions } from './etcdinit-options.js';
import { type CommandName, propertyName } from './flag.js';
import { flagsOf } from './flags.js';
import { parseHostPort } from './host-port.js';
import type { LoadedOptions } from './load-kvstore-command.js';
import type { OptionProblem } from './option-problem.js';
import type { ReadArgv } from './read-argv.js';
import { effectiveOptions, type Environment, resolveFlags } from './resolve-flags.js';
import { DurationAtLeast, OneOf, Rule } from './setting-rules.js';
import { validateSettings } from './validate-settings.js';

class EtcdInitSettings {
  @DurationAtLeast(1)
  timeout!: number;

  @OneOf(['logfmt', 'json'])
  logFormat!: 'logfmt' | 'json';

  clusterName!: string;
  debug!: boolean;
  etcdBinary!: string;
  etcdClusterName!: string;
  etcdDataDir!: string;
  etcdInitialClusterToken!: string;
  force!: boolean;
}

class TroubleshootSettings {
  @DurationAtLeast(1)
  timeout!: number;

  etcdConfig!: string;
}

class MeshTroubleshootSettings extends TroubleshootSettings {
  clustermeshConfig!: string;
  includeLocal!: boolean;
  host!: string;
}

class StatusSettings {
  @Rule('address', 'host:port', hostFault)
  host!: string;
  output!: string;
  verbose!: boolean;
}

/** Reads, checks and freezes the options of `etcdinit`. Opens nothing. */
export function loadEtcdInitOptions(argv: ReadArgv, env: Environment): LoadedOptions<EtcdInitOptions> {
  return loadSettings('etcdinit', new EtcdInitSettings(), argv, env, (settings) => ({
    etcdBinary: settings.etcdBinary,
    dataDir: settings.etcdDataDir,
    initialClusterToken: settings.etcdInitialClusterToken,
    etcdClusterName: settings.etcdClusterName,
    clusterName: settings.clusterName,
    timeoutMs: settings.timeout,
    force: settings.force,
  }));
}

/** The same for `clustermesh-dbg troubleshoot`. */
export function loadTroubleshootOptions(
  argv: ReadArgv,
  env: Environment,
): LoadedOptions<TroubleshootOptions> {
  return loadSettings('clustermesh-dbg troubleshoot', new TroubleshootSettings(), argv, env, (settings) => ({
    local: settings.etcdConfig,
    timeoutMs: settings.timeout,
    localClusterName: env['CLUSTER_NAME'] ?? '',
  }));
}

/** The same for `kvstoremesh-dbg troubleshoot [clusters…]`. */
export function loadMeshTroubleshootOptions(
  argv: ReadArgv,
  env: Environment,
): LoadedOptions<TroubleshootOptions> {
  return loadSettings(
    'kvstoremesh-dbg troubleshoot',
    new MeshTroubleshootSettings(),
    argv,
    env,
    (settings) => ({
      ...(settings.includeLocal ? { local: settings.etcdConfig } : {}),
      remote: { directory: settings.clustermeshConfig, clusters: [...argv.positional] },
      timeoutMs: settings.timeout,
      localClusterName: env['CLUSTER_NAME'] ?? '',
    }),
  );
}

/** The same for `kvstoremesh-dbg status`. */
export function loadStatusOptions(argv: ReadArgv, env: Environment): LoadedOptions<KvstoreMeshStatusOptions> {
  return loadSettings(
    'kvstoremesh-dbg status',
    new StatusSettings(),
    argv,
    env,
    ({ host, output, verbose }) => ({
      host,
      output,
      verbose,
    }),
  );
}

function hostFault(host: string): string | undefined {
  return parseHostPort(host) === undefined ? '--{flag}={value} is invalid; must be host:port' : undefined;
}

/** Of any tool: reads its flags into `instance`, whose class carries the rules, and makes options of them. */
export function loadSettings<S extends object, O>(
  command: CommandName,
  instance: S,
  argv: ReadArgv,
  env: Environment,
  optionsOf: (settings: S) => O,
): LoadedOptions<O> {
  const { settings, problems } = resolveFlags(flagsOf(command), argv.given, env);
  const values = Object.fromEntries(settings.map(({ flag, value }) => [propertyName(flag), value]));
  const typed = Object.assign(instance, values);
  const unreadable = new Set(problems.map((problem) => problem.flag));
  const all = [
    ...argv.errors.map((message): OptionProblem => ({ flag: '', message, usage: true })),
    ...problems,
    ...validateSettings(typed, settings).filter((problem) => !unreadable.has(problem.flag)),
  ];
  return {
    options: all.length === 0 ? deepFreeze(optionsOf(typed)) : undefined,
    problems: all,
    logging: {
      debug: values['debug'] === true,
      format: values['logFormat'] === 'json' ? 'json' : 'logfmt',
    },
    effective: effectiveOptions(settings),
  };
}

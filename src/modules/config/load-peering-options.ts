import { homedir } from 'node:os';
import { join } from 'node:path';
import { clusterNameFault } from './cluster-name.js';
import type { CommandName } from './flag.js';
import { type HostPort, parseHostPort } from './host-port.js';
import type { LoadedOptions } from './load-kvstore-command.js';
import { loadSettings } from './load-tool-options.js';
import type { OptionProblem } from './option-problem.js';
import type {
  ConnectOptions,
  DisconnectOptions,
  ExtractSecretOptions,
  ImportSecretsOptions,
  KubeAccessOptions,
  MeshStatusOptions,
} from './peering-options.js';
import type { ReadArgv } from './read-argv.js';
import type { Environment } from './resolve-flags.js';
import { DurationAtLeast, OneOf, Rule } from './setting-rules.js';

class AccessSettings {
  kubeconfig!: string;

  @Rule('namespace', 'the name of a namespace', (name: string) =>
    name === '' ? '--{flag} is empty; must be the name of a namespace' : undefined,
  )
  namespace!: string;
}

class PeeringSettings extends AccessSettings {
  context!: string;

  @OneOf(['bidirectional', 'mesh', 'unicast'])
  connectionMode!: 'bidirectional' | 'mesh' | 'unicast';
}

class ConnectSettings extends PeeringSettings {
  @Rule('given', 'a,b,...', (contexts: readonly string[]) =>
    contexts.length === 0
      ? '--{flag} is required; must be the contexts of the clusters to connect'
      : undefined,
  )
  destinationContext!: readonly string[];

  @Rule('addresses', 'host:port,...', addressesFault)
  sourceEndpoint!: readonly string[];

  @Rule('addresses', 'host:port,...', addressesFault)
  @Rule('oneRemote', 'one destination context', (texts: readonly string[], settings: ConnectSettings) =>
    texts.length > 0 && settings.destinationContext.length > 1
      ? '--{flag}={value} is invalid with several destination contexts: whose would it be?'
      : undefined,
  )
  destinationEndpoint!: readonly string[];
}

class DisconnectSettings extends PeeringSettings {
  @Rule('given', 'a,b,...', (contexts: readonly string[], settings: DisconnectSettings) =>
    contexts.length + settings.destinationName.length === 0
      ? '--{flag} or --destination-name is required; must be the clusters to disconnect'
      : undefined,
  )
  destinationContext!: readonly string[];

  @Rule('clusters', 'names of clusters', (names: readonly string[]) =>
    names.some((name) => clusterNameFault(name))
      ? '--{flag}={value} is invalid; must be names of clusters'
      : undefined,
  )
  destinationName!: readonly string[];
}

class MeshStatusSettings extends AccessSettings {
  context!: readonly string[];
  wait!: boolean;

  @DurationAtLeast(1)
  waitDuration!: number;

  @OneOf(['summary', 'json'])
  output!: 'summary' | 'json';
}

class ExtractSettings extends AccessSettings {
  context!: string;

  @Rule('addresses', 'host:port,...', addressesFault)
  address!: readonly string[];

  output!: string;
}

class ImportSettings extends AccessSettings {
  context!: string;
}

/** Reads, checks and freezes the options of `connect`. Opens nothing. */
export function loadConnectOptions(argv: ReadArgv, env: Environment): LoadedOptions<ConnectOptions> {
  return alone(
    'connect',
    argv,
    loadSettings('connect', new ConnectSettings(), argv, env, (settings) => ({
      ...accessOf(settings, env),
      context: settings.context,
      destinationContexts: settings.destinationContext,
      mode: settings.connectionMode,
      sourceEndpoints: hostPorts(settings.sourceEndpoint),
      destinationEndpoints: hostPorts(settings.destinationEndpoint),
    })),
  );
}

/** The same for `disconnect`. */
export function loadDisconnectOptions(argv: ReadArgv, env: Environment): LoadedOptions<DisconnectOptions> {
  return alone(
    'disconnect',
    argv,
    loadSettings('disconnect', new DisconnectSettings(), argv, env, (settings) => ({
      ...accessOf(settings, env),
      context: settings.context,
      destinationContexts: settings.destinationContext,
      destinationNames: settings.destinationName,
      mode: settings.connectionMode,
    })),
  );
}

/** The same for `status`. */
export function loadMeshStatusOptions(argv: ReadArgv, env: Environment): LoadedOptions<MeshStatusOptions> {
  return alone(
    'status',
    argv,
    loadSettings('status', new MeshStatusSettings(), argv, env, (settings) => ({
      ...accessOf(settings, env),
      contexts: settings.context,
      wait: settings.wait,
      waitDurationMs: settings.waitDuration,
      output: settings.output,
    })),
  );
}

/** The same for `secret extract`. */
export function loadExtractSecretOptions(
  argv: ReadArgv,
  env: Environment,
): LoadedOptions<ExtractSecretOptions> {
  return alone(
    'secret extract',
    argv,
    loadSettings('secret extract', new ExtractSettings(), argv, env, (settings) => ({
      ...accessOf(settings, env),
      context: settings.context,
      addresses: hostPorts(settings.address),
      output: settings.output,
    })),
  );
}

/** The same for `secret import FILE...`. */
export function loadImportSecretsOptions(
  argv: ReadArgv,
  env: Environment,
): LoadedOptions<ImportSecretsOptions> {
  const loaded = loadSettings('secret import', new ImportSettings(), argv, env, (settings) => ({
    ...accessOf(settings, env),
    context: settings.context,
    files: [...argv.positional],
  }));
  if (argv.positional.length > 0) return loaded;
  return refused(loaded, 'no file is given; must be one or several files that `secret extract` wrote');
}

/** A word that is no flag would be passed over in silence: `connect a b`. */
function alone<O>(
  command: CommandName,
  { positional }: ReadArgv,
  loaded: LoadedOptions<O>,
): LoadedOptions<O> {
  if (positional.length === 0) return loaded;
  return refused(loaded, `unexpected argument ${JSON.stringify(positional[0])} for "${command}"`);
}

function refused<O>(loaded: LoadedOptions<O>, message: string): LoadedOptions<O> {
  const problem: OptionProblem = { flag: '', message, usage: true };
  return { ...loaded, options: undefined, problems: [...loaded.problems, problem] };
}

/** The flag, else $KUBECONFIG, else the file in the home folder; in a pod that has none of them its service account. */
function accessOf({ kubeconfig, namespace }: AccessSettings, env: Environment): KubeAccessOptions {
  const { KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT } = env;
  return {
    kubeconfigs: kubeconfigsOf(kubeconfig, env),
    namespace,
    environment: { KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT },
  };
}

function kubeconfigsOf(given: string, env: Environment): string[] {
  if (given !== '') return [given];
  const listed = (env['KUBECONFIG'] ?? '').split(':').filter((path) => path !== '');
  if (listed.length > 0) return listed;
  return env['KUBERNETES_SERVICE_HOST'] ? [] : [join(env['HOME'] ?? homedir(), '.kube', 'config')];
}

function addressesFault(texts: readonly string[]): string | undefined {
  const good = texts.every((text) => {
    const address = parseHostPort(text);
    return address !== undefined && address.host !== '' && address.port > 0;
  });
  return good ? undefined : '--{flag}={value} is invalid; must be host:port, with an IPv6 host in brackets';
}

function hostPorts(texts: readonly string[]): HostPort[] {
  return texts.map(parseHostPort).filter((address) => address !== undefined);
}

import { apiServerOf } from './api-server-options.js';
import type { CertsOptions } from './certs-options.js';
import type { LoadedOptions } from './load-kvstore-command.js';
import { loadSettings } from './load-tool-options.js';
import type { ReadArgv } from './read-argv.js';
import type { Environment } from './resolve-flags.js';
import { DurationAtLeast, OneOf, Rule } from './setting-rules.js';

class CertsSettings {
  @Rule('given', 'a list of certificates', listFault)
  config!: string;

  @Rule('source', '--ca-generate or --ca-reuse-secret', authorityFault)
  caGenerate!: boolean;

  caReuseSecret!: boolean;

  @Rule('given', 'the name of a secret', nameFault)
  caSecretName!: string;

  @Rule('given', 'a namespace', nameFault)
  caSecretNamespace!: string;

  @Rule('given', 'a name', nameFault)
  caCommonName!: string;

  @DurationAtLeast(3_600_000)
  caValidityDuration!: number;

  @OneOf(['logfmt', 'json'])
  logFormat!: 'logfmt' | 'json';

  debug!: boolean;
  k8sApiServer!: string;
  k8sKubeconfigPath!: string;
}

/** Reads, checks and freezes the options of `certs`. Opens nothing. */
export function loadCertsOptions(argv: ReadArgv, env: Environment): LoadedOptions<CertsOptions> {
  return loadSettings('certs', new CertsSettings(), argv, env, (settings) => ({
    authority: {
      generate: settings.caGenerate,
      reuseSecret: settings.caReuseSecret,
      secretNamespace: settings.caSecretNamespace,
      secretName: settings.caSecretName,
      commonName: settings.caCommonName,
      validityMs: settings.caValidityDuration,
    },
    requests: settings.config,
    apiServer: apiServerOf(settings, env),
  }));
}

function listFault(text: string): string | undefined {
  return text.trim() === ''
    ? 'no certificates are asked for: give --config or CILIUM_CERTGEN_CONFIG'
    : undefined;
}

function authorityFault(generate: boolean, { caReuseSecret }: CertsSettings): string | undefined {
  return generate || caReuseSecret
    ? undefined
    : 'no certificate authority: give --ca-generate, --ca-reuse-secret or both';
}

function nameFault(name: string): string | undefined {
  return name === '' ? '--{flag} must not be empty' : undefined;
}

import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
// Not the package's root: bundled, that one costs 2 MiB more for the API classes that nothing here uses.
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { parse } from 'yaml';
import { StartError } from '../../common/start-error.js';
import type { KubeCredentials, KubeIdentity, TlsIdentity } from './kube-credentials.js';

interface RawKubeconfig {
  readonly users?: readonly {
    readonly name?: string;
    readonly user?: { readonly tokenFile?: string } | null;
  }[];
}

export interface KubeconfigCredentials extends KubeCredentials {
  /** Name of the context that was used. */
  readonly context: string;
}

/**
 * @param context Its name; '' = the current one.
 * @throws StartError in one line that names the file.
 */
export async function loadKubeconfigCredentials(path: string, context = ''): Promise<KubeconfigCredentials> {
  try {
    const config = new KubeConfig();
    const text = await readFile(path, 'utf8');
    config.loadFromString(text);
    if (context !== '') useContext(config, context);
    config.makePathsAbsolute(dirname(path));
    return credentialsOf(config, tokenFiles(text, dirname(path)));
  } catch (error) {
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new StartError(`unable to use the kubeconfig ${path}: ${line}`, { cause: error });
  }
}

function useContext(config: KubeConfig, name: string): void {
  const known = config.getContexts().map((context) => context.name);
  if (!known.includes(name))
    throw new Error(`there is no context ${JSON.stringify(name)}; expected one of ${known.join(', ')}`);
  config.setCurrentContext(name);
}

function credentialsOf(config: KubeConfig, tokenFileOf: ReadonlyMap<string, string>): KubeconfigCredentials {
  const cluster = config.getCurrentCluster();
  if (!cluster)
    throw new Error(
      `the current context ${JSON.stringify(config.getCurrentContext() ?? '')} leads to no cluster`,
    );
  // A config without a user gets one without rights: client-node ignores the cluster's CA otherwise.
  const user = config.getCurrentUser() ?? { name: 'anonymous' };
  const tokenFile = tokenFileOf.get(user.name);
  const ready = new KubeConfig();
  ready.loadFromClusterAndUser(
    // client-node refuses plain http otherwise, where there is nothing to verify anyway.
    cluster.server.startsWith('http:') ? { ...cluster, skipTLSVerify: true } : cluster,
    tokenFile === undefined ? user : { ...user, authProvider: { name: 'tokenFile', config: { tokenFile } } },
  );
  const proxied = Boolean(cluster.proxyUrl);
  const context = config.getCurrentContext();
  return { server: cluster.server, context, identify: () => identityOf(ready, proxied) };
}

async function identityOf(config: KubeConfig, proxied: boolean): Promise<KubeIdentity> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {}))
    headers[name.toLowerCase()] = String(value).trim();
  if (options.auth) headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  const agent = proxied && typeof options.agent === 'object' ? { agent: options.agent } : {};
  return { headers, tls: tlsOf(options), ...agent };
}

function tlsOf({ ca, cert, key, passphrase, servername, rejectUnauthorized }: RequestOptions): TlsIdentity {
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  };
}

/** The field `tokenFile`, which client-node 1.4 does not know, by user. */
function tokenFiles(text: string, directory: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const { name, user } of (parse(text) as RawKubeconfig | null)?.users ?? []) {
    if (name !== undefined && user?.tokenFile) files.set(name, resolve(directory, user.tokenFile));
  }
  return files;
}

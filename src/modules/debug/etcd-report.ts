import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, rootCertificates } from 'node:tls';
import { readEtcdConfig } from '../etcd/config/etcd-config.js';
import { MissingFileError, readCertificates } from '../etcd/config/etcd-config-loader.js';
import { certificateLines, certificatesOf, chainsTo } from './certificate-text.js';
import { checkClient } from './client-check.js';
import { checkEndpoint } from './endpoint-check.js';

type Config = ReturnType<typeof readEtcdConfig>;

interface Loaded {
  readonly config: Config;
  readonly ca?: Buffer;
  readonly clientCert?: { readonly cert: Buffer; readonly key: Buffer };
  /** undefined: the system's. */
  readonly roots?: readonly X509Certificate[];
  /** The client's certificate, then its intermediates. */
  readonly chain: readonly X509Certificate[];
}

/**
 * Checks all that one etcd configuration file needs to work, and says what it finds line by line (spec/operations.md §9). A failed
 * check is part of the report.
 */
export async function etcdReport(path: string, timeoutMs: number): Promise<string[]> {
  const head = `📄 Configuration path: ${path}`;
  const loaded = await load(path);
  if (typeof loaded === 'string') return [head, `❌ Cannot parse etcd configuration: ${loaded}`];
  const signal = AbortSignal.timeout(timeoutMs);
  return [
    head,
    '',
    '🔌 Endpoints:',
    ...indent(3, await endpointLines(loaded, signal)),
    '',
    '🔑 Digital certificates:',
    ...indent(3, credentialLines(loaded)),
    '',
    '⚙️ Etcd client:',
    ...indent(3, await checkClient({ ...loaded, digest: '' }, signal)),
  ];
}

/** @returns what is wrong, in Go's words where it has some. */
async function load(path: string): Promise<Loaded | string> {
  try {
    const config = readEtcdConfig(await readFile(path, 'utf8'), path);
    const { ca, clientCert } = await readCertificates(config);
    createSecureContext({ ...(ca ? { ca } : {}), ...clientCert });
    return {
      config,
      ...(ca ? { ca, roots: certificatesOf(ca.toString('latin1')) } : {}),
      ...(clientCert ? { clientCert } : {}),
      chain: clientCert ? certificatesOf(clientCert.cert.toString('latin1')) : [],
    };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return loadErrorText(error, path);
  }
}

function loadErrorText(error: Error, path: string): string {
  if (error instanceof MissingFileError) return `open ${error.path}: no such file or directory`;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return `open ${path}: no such file or directory`;
    case 'EACCES':
      return `open ${path}: permission denied`;
    case 'EISDIR':
      return `read ${path}: is a directory`;
    case 'ERR_OSSL_X509_KEY_VALUES_MISMATCH':
      return 'tls: private key does not match public key';
    default:
      return error.message;
  }
}

async function endpointLines(loaded: Loaded, signal: AbortSignal): Promise<string[]> {
  const { config, ca, clientCert, chain } = loaded;
  if (config.endpoints.length === 0) return ['❌ No available endpoints'];
  const tls = {
    ...(ca ? { ca } : {}),
    ...(clientCert ? { clientCert } : {}),
    chain,
    insecureSkipVerify: config.insecureSkipTlsVerify,
  };
  const lines: string[] = [];
  for (const endpoint of config.endpoints) {
    lines.push(`- ${endpoint}`, ...indent(2, await checkEndpoint(endpoint, tls, signal)));
  }
  return lines;
}

function credentialLines({ config, roots, chain }: Loaded): string[] {
  if (config.insecureTransport)
    return ['ℹ️  Insecure transport: no certificates are used', ...loginLines(config)];
  return [...rootLines(roots), ...clientLines(roots, chain), ...loginLines(config)];
}

function rootLines(roots: readonly X509Certificate[] | undefined): string[] {
  if (!roots) return ['⚠️ Root CA unset: using system pool'];
  if (roots.length === 0) return ['❌ The root CA file holds no certificate'];
  return ['✅ TLS Root CA certificates:', ...roots.flatMap((root) => indent(3, certificateLines(root)))];
}

function clientLines(
  roots: readonly X509Certificate[] | undefined,
  chain: readonly X509Certificate[],
): string[] {
  const [leaf, ...intermediates] = chain;
  if (!leaf) return ['⚠️ No available TLS client certificates'];
  const trusted = roots ?? rootCertificates.map((pem) => new X509Certificate(pem));
  const detached = chainsTo(trusted, chain, Date.now())
    ? []
    : ['⚠️ Cannot verify certificate with the configured root CAs'];
  return [
    '✅ TLS client certificates:',
    ...indent(3, certificateLines(leaf)),
    ...intermediates.flatMap((one) => indent(5, ['Intermediates:', ...certificateLines(one)])),
    ...indent(5, detached),
  ];
}

function loginLines({ username, login }: Config): string[] {
  if (username === undefined) return [];
  return [`✅ Username set to ${username}, password is ${login ? 'set' : 'unset'}`];
}

function indent(blanks: number, lines: readonly string[]): string[] {
  return lines.map((line) => ' '.repeat(blanks) + line);
}

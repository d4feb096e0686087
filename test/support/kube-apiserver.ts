import { generateKeyPairSync } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { Child, type ChildOptions } from './child.js';
import { startEtcd } from './etcd.js';
import { eventually } from './eventually.js';
import { freePorts } from './free-ports.js';
import { KubeClient, type TestObject } from './kube-client.js';
import type { ProcessPlace } from './process-place.js';
import { auditPolicy } from './used-rights.js';

export interface KubeApiserverOptions {
  /** Where it keeps its objects; without it, it gets an etcd of its own. */
  readonly etcdEndpoint?: string;
  /** true: RBAC, with `tokens.mirror` for a user without rights of its own. false: everybody may do everything. */
  readonly rbac?: boolean;
  /** Two ranges switch dual-stack on, which is a feature gate in this version. */
  readonly serviceRange?: string;
  /** false leaves Cilium's resource definitions out; default true: applied, and served when this resolves. */
  readonly crds?: boolean;
  /** true: every request is written to `auditLog`. */
  readonly audit?: boolean;
  /** Where it and its etcd run; default: here. */
  readonly place?: ProcessPlace;
  /** Beside the variables of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

interface Parts {
  readonly url: string;
  readonly port: number;
  readonly directory: string;
  readonly adminKubeconfigPath: string;
  readonly mirrorKubeconfigPath: string;
  readonly ca: string;
  readonly client: KubeClient;
  readonly command: ChildOptions;
  readonly child: Child;
  readonly cleanup: () => Promise<void>;
}

/** The address under which the server publishes itself in default/kubernetes; from a range that no machine has. */
export const advertisedAddress = '192.0.2.2';

const crdDirectory = new URL('../e2e/crds/', import.meta.url);
const tokens = { admin: 'admin-token', mirror: 'mirror-token' } as const;

/**
 * A real kube-apiserver with real etcd behind it. No controller runs, and namespaces need not exist: objects are exactly
 * those that a test authors (and Service, EndpointSlice and Endpoints default/kubernetes, which the server keeps itself).
 */
export class KubeApiserver {
  static readonly tokens = tokens;
  readonly url: string;
  readonly port: number;
  readonly directory: string;
  /** May do everything. */
  readonly adminKubeconfigPath: string;
  /** Authenticated, without a right of its own under RBAC. */
  readonly mirrorKubeconfigPath: string;
  /** The authority of its certificate, PEM. */
  readonly ca: string;
  readonly client: KubeClient;
  private child: Child;

  private constructor(private readonly parts: Parts) {
    ({
      url: this.url,
      port: this.port,
      directory: this.directory,
      adminKubeconfigPath: this.adminKubeconfigPath,
      mirrorKubeconfigPath: this.mirrorKubeconfigPath,
      ca: this.ca,
      client: this.client,
      child: this.child,
    } = parts);
  }

  static async start(options: KubeApiserverOptions = {}): Promise<KubeApiserver> {
    const directory = await mkdtemp(join(scratch(), 'kube-apiserver-'));
    const { place } = options;
    const inPlace = place ? { place } : {};
    const ownEtcd = options.etcdEndpoint === undefined ? await startEtcd(inPlace) : undefined;
    const [port] = (await freePorts(1)) as [number];
    const etcd = options.etcdEndpoint ?? ownEtcd!.endpoint;
    const { env = {} } = options;
    const here = { command: binary(), args: flags(options, directory, etcd, port), env };
    const command = place?.command(here) ?? here;
    await writeSecrets(directory);
    await place?.publish(port);
    const child = new Child(command);
    const url = `https://127.0.0.1:${String(port)}`;
    const cleanup = async (): Promise<void> => {
      await ownEtcd?.stop();
      await rm(directory, { recursive: true, force: true });
    };
    try {
      const ca = await certificate(child, directory);
      const client = new KubeClient(url, tokens.admin, ca);
      const adminKubeconfigPath = await writeKubeconfig(directory, url, ca, 'admin');
      const mirrorKubeconfigPath = await writeKubeconfig(directory, url, ca, 'mirror');
      const paths = { directory, adminKubeconfigPath, mirrorKubeconfigPath };
      const server = new KubeApiserver({ url, port, ca, client, command, child, cleanup, ...paths });
      await server.ready();
      if (options.crds !== false) await server.applyCrds();
      return server;
    } catch (error) {
      await child.kill();
      await cleanup();
      throw error;
    }
  }

  /** With the option `audit`: one event a line. */
  get auditLog(): string {
    return auditLogOf(this.directory);
  }

  /** A kubeconfig of a service account, which has to be there. */
  async accountKubeconfig(namespace: string, name: string): Promise<string> {
    const path = join(this.directory, `${namespace}.${name}.kubeconfig`);
    const { url, ca } = this;
    await writeFile(path, kubeconfigOf(url, ca, await this.accountToken(namespace, name)));
    return path;
  }

  /** A token as a kubelet asks for it. @throws Error when there is no such account. */
  async accountToken(namespace: string, name: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const { status, body } = await this.client.request('POST', path, request);
    if (status !== 201) throw new Error(`no token for service account ${name}: ${JSON.stringify(body)}`);
    return (body as { status: { token: string } }).status.token;
  }

  get request(): KubeClient['request'] {
    return this.client.request.bind(this.client);
  }

  async applyCrds(): Promise<void> {
    const definitions = ciliumDefinitions();
    await Promise.all(definitions.map((definition) => this.client.apply(definition)));
    await Promise.all(
      definitions.map(({ spec }) => {
        const path = `/apis/cilium.io/v2/${(spec as { names: { plural: string } }).names.plural}`;
        const served = async (): Promise<boolean> =>
          (await this.client.request('GET', `${path}?limit=1`)).status === 200;
        return eventually(served, { timeoutMs: 60_000, everyMs: 50, what: `${path} served` });
      }),
    );
  }

  /** SIGKILL, at once; the objects stay in etcd. */
  async kill(): Promise<void> {
    await this.child.kill();
  }

  /** The same server again, on the same port with the same objects; after kill(). */
  async restart(): Promise<void> {
    await this.child.kill();
    this.child = new Child(this.parts.command);
    await this.ready();
  }

  async stop(): Promise<void> {
    this.client.close();
    // Its orderly end takes seconds that no test looks at.
    await this.child.kill();
    await this.parts.cleanup();
  }

  /** Ready, and the objects that every server has are there. */
  private async ready(): Promise<void> {
    const there = [
      '/readyz',
      '/api/v1/namespaces/kube-system',
      '/api/v1/namespaces/default/services/kubernetes',
      '/api/v1/namespaces/default/endpoints/kubernetes',
      '/apis/discovery.k8s.io/v1beta1/namespaces/default/endpointslices/kubernetes',
    ];
    const look = async (): Promise<boolean> => {
      if (this.child.exited) return true;
      const answers = await Promise.all(there.map((path) => this.client.request('GET', path)));
      return answers.every(({ status }) => status === 200);
    };
    await eventually(look, { timeoutMs: 90_000, everyMs: 100, what: 'kube-apiserver ready' });
    if (this.child.exited) throw new Error(`kube-apiserver ended:\n${this.child.tail()}`);
  }
}

export function startKubeApiserver(options: KubeApiserverOptions = {}): Promise<KubeApiserver> {
  return KubeApiserver.start(options);
}

/** The resource definitions that the end-to-end tests install. */
export function ciliumDefinitions(): TestObject[] {
  const files = readdirSync(crdDirectory).filter((name) => name.endsWith('.yaml'));
  return files.map((name) => parse(readFileSync(new URL(name, crdDirectory), 'utf8')) as TestObject);
}

function binary(): string {
  const assets = process.env.KUBEBUILDER_ASSETS ?? join(homedir(), '.cache', 'envtest');
  const path = join(assets, 'kube-apiserver');
  if (!existsSync(path))
    throw new Error(`no kube-apiserver in ${assets}: run scripts/build-kube-apiserver.sh`);
  return path;
}

function flags(options: KubeApiserverOptions, directory: string, etcd: string, port: number): string[] {
  const range = options.serviceRange ?? '10.96.0.0/16';
  return [
    `--etcd-servers=${etcd}`,
    `--cert-dir=${join(directory, 'certs')}`,
    `--secure-port=${String(port)}`,
    '--insecure-port=0',
    '--bind-address=127.0.0.1',
    `--advertise-address=${advertisedAddress}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${join(directory, 'sa.key')}`,
    `--service-account-key-file=${join(directory, 'sa.pub')}`,
    '--api-audiences=api',
    `--token-auth-file=${join(directory, 'tokens.csv')}`,
    `--authorization-mode=${options.rbac ? 'RBAC' : 'AlwaysAllow'}`,
    `--service-cluster-ip-range=${range}`,
    ...(range.includes(',') ? ['--feature-gates=IPv6DualStack=true'] : []),
    '--disable-admission-plugins=ServiceAccount,NamespaceLifecycle',
    '--allow-privileged',
    ...(options.audit
      ? [`--audit-policy-file=${auditPolicyOf(directory)}`, `--audit-log-path=${auditLogOf(directory)}`]
      : []),
    '--max-requests-inflight=2000',
    '--max-mutating-requests-inflight=1000',
    '--enable-priority-and-fairness=false',
  ];
}

function auditPolicyOf(directory: string): string {
  return join(directory, 'audit-policy.json');
}

function auditLogOf(directory: string): string {
  return join(directory, 'audit.log');
}

async function writeSecrets(directory: string): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const users = [`${tokens.admin},admin,admin,"system:masters"`, `${tokens.mirror},mirror,mirror,"mirrors"`];
  await Promise.all([
    writeFile(join(directory, 'sa.key'), privateKey.export({ type: 'pkcs1', format: 'pem' })),
    writeFile(join(directory, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' })),
    writeFile(join(directory, 'tokens.csv'), users.join('\n') + '\n'),
    writeFile(auditPolicyOf(directory), JSON.stringify(auditPolicy)),
  ]);
}

/** The certificate that it makes for itself at its first start: both parts, its own and that of the authority that signed it. */
async function certificate(child: Child, directory: string): Promise<string> {
  const path = join(directory, 'certs', 'apiserver.crt');
  const look = async (): Promise<string | undefined> =>
    (child.exited ? '' : await readFile(path, 'utf8')) || undefined;
  try {
    return await eventually(look, { timeoutMs: 60_000, everyMs: 50, what: path });
  } catch (error) {
    throw new Error(`kube-apiserver did not start:\n${child.tail()}`, { cause: error });
  }
}

async function writeKubeconfig(
  directory: string,
  url: string,
  ca: string,
  user: keyof typeof tokens,
): Promise<string> {
  const path = join(directory, `${user}.kubeconfig`);
  await writeFile(path, kubeconfigOf(url, ca, tokens[user]));
  return path;
}

function kubeconfigOf(url: string, ca: string, token: string): string {
  const authority = Buffer.from(ca).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority-data': authority } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  });
}

/** Memory rather than disk where there is some: an API server writes much and its test looks at none of it. */
function scratch(): string {
  return existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
}

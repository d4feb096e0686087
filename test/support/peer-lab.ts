import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DevApiServer } from '../../dev/api-server/dev-api-server.js';
import type { KubeDocument } from '../../dev/api-server/store/kube-document.js';
import { runCli } from '../../src/cli/run-cli.js';
import type { KeyPair, TestCa } from './certs.js';

const namespace = 'kube-system';
const usersMap = 'clustermesh-remote-users';

export interface LabCluster {
  readonly name: string;
  readonly id: number;
  /** Default 127.0.0.1. */
  readonly nodeIp?: string;
  /** Default true. */
  readonly kvstoremesh?: boolean;
  readonly maxConnectedClusters?: number;
  /** The chart's users file; without it there is none (authMode legacy). */
  readonly users?: string;
  readonly ca: TestCa;
  readonly client: KeyPair;
  readonly server: KeyPair;
}

export interface PeerRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Development API servers as clusters, each a context of one kubeconfig, named after it. */
export class PeerLab {
  readonly servers = new Map<string, DevApiServer>();
  readonly kubeconfig: string;
  /** Everything that any command has printed. */
  printed = '';

  constructor(readonly folder: string) {
    this.kubeconfig = join(folder, 'kubeconfig');
  }

  async add(cluster: LabCluster): Promise<DevApiServer> {
    const server = new DevApiServer({ ciliumCrds: false });
    await server.listen();
    for (const object of objectsOf(cluster)) server.apply(object);
    this.servers.set(cluster.name, server);
    await this.writeKubeconfig();
    return server;
  }

  async close(): Promise<void> {
    for (const server of this.servers.values()) await server.close();
  }

  async run(argv: readonly string[], isTTY = false): Promise<PeerRun> {
    const out: string[] = [];
    const err: string[] = [];
    const code = await runCli({
      argv,
      env: { KUBECONFIG: this.kubeconfig },
      stdout: { write: (text) => out.push(text), isTTY },
      stderr: { write: (text) => err.push(text) },
    });
    this.printed += out.join('') + err.join('');
    return { code, stdout: out.join(''), stderr: err.join('') };
  }

  /** Keys and texts; undefined: there is no such secret. */
  secret(cluster: string, name: string): Record<string, string> | undefined {
    const ref = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } };
    const found = this.servers.get(cluster)?.get(ref) as { data?: Record<string, string> } | undefined;
    if (!found) return undefined;
    return Object.fromEntries(
      Object.entries(found.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    );
  }

  putSecret(cluster: string, name: string, texts: Readonly<Record<string, string>>): void {
    this.servers.get(cluster)?.apply(secretOf(name, texts));
  }

  /** Keys of the ConfigMap of etcd's users; undefined: there is none. */
  users(cluster: string): Record<string, string> | undefined {
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: usersMap, namespace } };
    return (this.servers.get(cluster)?.get(ref) as { data?: Record<string, string> } | undefined)?.data;
  }

  aliases(cluster: string): unknown {
    const ref = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'clustermesh-apiserver', namespace },
    };
    const found = this.servers.get(cluster)?.get(ref) as
      { spec: { template: { spec: { hostAliases?: unknown } } } } | undefined;
    return found?.spec.template.spec.hostAliases;
  }

  /** Requests that change something, of all clusters. */
  writes(): string[] {
    return [...this.servers].flatMap(([name, server]) =>
      server.requestLog
        .filter(({ method }) => method !== 'GET')
        .map(({ method, path }) => `${name} ${method} ${path}`),
    );
  }

  private async writeKubeconfig(): Promise<void> {
    const entries = [...this.servers];
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: entries.map(([name, { url }]) => ({ name, cluster: { server: url } })),
      users: [{ name: 'me', user: {} }],
      contexts: entries.map(([name]) => ({ name: `ctx-${name}`, context: { cluster: name, user: 'me' } })),
      'current-context': `ctx-${entries[0]?.[0] ?? ''}`,
    };
    await writeFile(this.kubeconfig, JSON.stringify(kubeconfig));
  }
}

function secretOf(name: string, texts: Readonly<Record<string, string>>): KubeDocument {
  const data = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data };
}

/** What the chart installs, as far as connecting looks at it. */
function objectsOf(cluster: LabCluster): KubeDocument[] {
  const { name, id, nodeIp = '127.0.0.1', kvstoremesh = true, maxConnectedClusters = 255, ca } = cluster;
  const metadata = { name: 'clustermesh-apiserver', namespace };
  const containers = [
    { name: 'apiserver', args: ['clustermesh', '--cluster-name=$(CLUSTER_NAME)'] },
    ...(kvstoremesh ? [{ name: 'kvstoremesh', args: ['kvstoremesh'] }] : []),
  ];
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'cilium-config', namespace },
      data: {
        'cluster-name': name,
        'cluster-id': String(id),
        'max-connected-clusters': String(maxConnectedClusters),
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { type: 'NodePort', ports: [{ port: 2379, nodePort: 32379 }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { replicas: 1, template: { spec: { containers } } },
      status: {
        replicas: 1,
        readyReplicas: 1,
        availableReplicas: 1,
        updatedReplicas: 1,
        observedGeneration: 1,
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'node-1' },
      status: { addresses: [{ type: 'InternalIP', address: nodeIp }] },
    },
    ...(cluster.users === undefined
      ? []
      : [
          {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name: usersMap, namespace },
            data: { 'users.yaml': cluster.users },
          },
        ]),
    secretOf('cilium-ca', { 'ca.crt': ca.cert }),
    secretOf('clustermesh-apiserver-remote-cert', {
      'ca.crt': ca.cert,
      'tls.crt': cluster.client.cert,
      'tls.key': cluster.client.key,
    }),
    secretOf('clustermesh-apiserver-server-cert', {
      'ca.crt': ca.cert,
      'tls.crt': cluster.server.cert,
      'tls.key': cluster.server.key,
    }),
  ];
}

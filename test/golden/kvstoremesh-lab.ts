import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TestCa } from '../support/certs.js';
import { startEtcd, type EtcdOptions, type TestEtcd } from '../support/etcd.js';
import { eventually } from '../support/eventually.js';
import { ConfigFolder, endpoints, MeshLab } from '../support/mesh-lab.js';
import { initialize, startSecureEtcd, writeIdentity } from '../support/secure-etcd.js';

export interface MeshCase {
  readonly name: string;
  readonly extra_flags: readonly string[];
  readonly remote_keys: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly expect: readonly MeshExpectation[];
}

/** What the original showed at one moment. */
export interface MeshExpectation {
  readonly label: string;
  /** Everything in the local etcd but locks. */
  readonly local_keys?: Readonly<Record<string, string>>;
  readonly 'GET /v1/cluster'?: readonly object[];
  readonly 'GET /readyz'?: readonly [number, string];
}

const recorded = JSON.parse(readFileSync(new URL('kvstoremesh.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly MeshCase[];
};

export const meshCases = new Map(recorded.cases.map((golden) => [golden.name, golden]));

/** What status checks and etcdinit write. */
const ofOthers = /^cilium\/\.(initlock\/|has-cluster-config$)/;
const written = '<RFC3339 time of writing>';
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/;

/**
 * tls: every etcd as etcdinit leaves it, with mutual TLS and users by certificate; the local one is used as its admin, remote
 * ones as `remote` with the rights of the original. Each side has an authority of its own.
 */
export type Transport = 'tls' | 'plain';

interface Authorities {
  readonly local: TestCa;
  readonly remote: TestCa;
}

/** Real etcds and kvstoremesh for one recorded case. */
export class MeshGolden {
  lab!: MeshLab;
  private readonly etcds: TestEtcd[] = [];

  private constructor(
    readonly golden: MeshCase,
    readonly local: TestEtcd,
    readonly folder: ConfigFolder,
    private readonly authorities: Authorities | undefined,
  ) {
    this.etcds.push(local);
  }

  static async create(name: string, transport: Transport = 'tls'): Promise<MeshGolden> {
    const golden = meshCases.get(name);
    if (!golden) throw new Error(`no such case: ${name}`);
    const authorities = transport === 'tls' ? await bothAuthorities() : undefined;
    const [local, folder] = await Promise.all([started('local', authorities?.local), ConfigFolder.create()]);
    return new MeshGolden(golden, local, folder, authorities);
  }

  /** A remote etcd with the recorded keys of that cluster. */
  async remote(cluster: string): Promise<TestEtcd> {
    const etcd = await this.empty(cluster);
    await fill(etcd, this.golden.remote_keys[cluster] ?? {});
    return etcd;
  }

  /** A remote etcd that its cluster has written nothing to yet. */
  async empty(cluster: string, options?: EtcdOptions): Promise<TestEtcd> {
    const etcd = await started(cluster, this.authorities?.remote, options);
    this.etcds.push(etcd);
    return etcd;
  }

  /** A remote etcd with its configuration file. */
  async configured(cluster: string): Promise<TestEtcd> {
    const etcd = await this.remote(cluster);
    await this.folder.set(cluster, await this.file(etcd.endpoint));
    return etcd;
  }

  /** The text of a remote cluster's configuration file. Certificates lie beside it, as in the chart's volume. */
  async file(...urls: readonly string[]): Promise<string> {
    const { authorities, folder } = this;
    const identity = authorities ? await writeIdentity(folder.path, 'remote', authorities.remote) : '';
    return endpoints(...urls) + identity;
  }

  async start(options: Partial<Parameters<typeof MeshLab.start>[0]> = {}): Promise<MeshLab> {
    this.lab = await MeshLab.start({
      local: await this.localOption(),
      directory: this.folder.path,
      ...options,
      args: [...this.golden.extra_flags, ...(options.args ?? [])],
    });
    return this.lab;
  }

  /** The local etcd is replaced by a new one, which its pod's etcdinit sets up. */
  async replaceLocal(): Promise<void> {
    await this.local.kill();
    await rm(this.local.dataDir, { recursive: true, force: true });
    await this.local.restart();
    if (this.authorities) await initialize(this.local, 'local');
  }

  expectation(label: string): MeshExpectation {
    const found = this.golden.expect.find((expected) => expected.label === label);
    if (!found) throw new Error(`${this.golden.name}: nothing recorded as "${label}"`);
    return found;
  }

  /** Until everything is as recorded; `ours` is where we differ on purpose (see the list in golden/README.md). */
  async expectState(label: string, ours: Partial<MeshExpectation> = {}): Promise<void> {
    const expected = { ...this.expectation(label), ...ours };
    let seen: unknown;
    try {
      await eventually(
        async () => {
          seen = await this.seen(expected);
          expect(seen).toEqual(withoutLabels(expected));
          return true;
        },
        { timeoutMs: 20_000, everyMs: 50, what: label },
      );
    } catch (error) {
      expect(seen).toEqual(withoutLabels(expected));
      throw error;
    }
  }

  /** The local etcd as the recording shows it. */
  async localKeys(): Promise<Record<string, string>> {
    const keys: Record<string, string> = {};
    for (const { key, value } of await this.local.client().entries('cilium/')) {
      const name = key.toString('utf8');
      if (!ofOthers.test(name)) keys[name] = shown(name, value);
    }
    return keys;
  }

  async end(): Promise<void> {
    await this.lab.stop();
    await Promise.all([
      ...this.etcds.map((etcd) => etcd.stop()),
      this.folder.delete(),
      rm(`${this.folder.path}.local`, { recursive: true, force: true }),
    ]);
  }

  private async localOption(): Promise<string> {
    const { authorities, folder, local } = this;
    if (!authorities) return local.endpoint;
    const path = `${folder.path}.local`;
    await mkdir(path, { recursive: true });
    const identity = await writeIdentity(path, 'admin-local', authorities.local);
    await writeFile(join(path, 'etcd-config.yaml'), endpoints(local.endpoint) + identity);
    return `etcd.config=${join(path, 'etcd-config.yaml')}`;
  }

  private async seen(expected: MeshExpectation): Promise<object> {
    return {
      ...(expected.local_keys ? { local_keys: await this.localKeys() } : {}),
      ...(expected['GET /v1/cluster'] ? { 'GET /v1/cluster': (await this.lab.clusters()).map(masked) } : {}),
      ...(expected['GET /readyz'] ? { 'GET /readyz': await this.lab.readyz() } : {}),
    };
  }
}

let made: Promise<Authorities> | undefined;

/** One pair for all cases: keys take their time. */
function bothAuthorities(): Promise<Authorities> {
  made ??= Promise.all([TestCa.create('local-ca'), TestCa.create('remote-ca')]).then(([local, remote]) => ({
    local,
    remote,
  }));
  return made;
}

function started(cluster: string, ca: TestCa | undefined, options?: EtcdOptions): Promise<TestEtcd> {
  return ca ? startSecureEtcd(cluster, ca, options) : startEtcd(options);
}

export function ready(g: MeshGolden, cluster = 'east'): Promise<unknown> {
  const look = async () => (await g.lab.cluster(cluster))?.ready;
  return eventually(look, { what: `${cluster} ready`, timeoutMs: 20_000 });
}

/** Puts keys as the recording writes them: bytes that are no UTF-8 as `\xNN`. */
export async function fill(etcd: TestEtcd, keys: Readonly<Record<string, string>>): Promise<void> {
  const { kv } = await etcd.client().etcd3();
  for (const [key, value] of Object.entries(keys)) {
    const bytes = value
      .split(/(\\x[0-9a-f]{2})/)
      .map((part, index) =>
        index % 2 === 1 ? Buffer.from(part.slice(2), 'hex') : Buffer.from(part, 'utf8'),
      );
    await kv.put({ key: Buffer.from(key), value: Buffer.concat(bytes) });
  }
}

function shown(key: string, value: Buffer): string {
  const text = value.toString('utf8');
  if (key.startsWith('cilium/synced/') && rfc3339.test(text)) return written;
  if (Buffer.from(text).equals(value)) return text;
  return [...value]
    .map((byte) => (byte < 0x80 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`))
    .join('');
}

function masked(view: object & { readonly status: string; readonly 'last-failure': string }): object {
  return {
    ...view,
    status: view.status.replace(/ID: [0-9a-f]+$/, 'ID: <hex etcd cluster id>'),
    'last-failure': view['last-failure'].startsWith('0001-') ? view['last-failure'] : '<time>',
  };
}

function withoutLabels(expected: MeshExpectation): object {
  const { local_keys, 'GET /v1/cluster': clusters, 'GET /readyz': readyz } = expected;
  return {
    ...(local_keys ? { local_keys } : {}),
    ...(clusters ? { 'GET /v1/cluster': clusters } : {}),
    ...(readyz ? { 'GET /readyz': readyz } : {}),
  };
}

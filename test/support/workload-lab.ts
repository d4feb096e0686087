import { Test } from '@nestjs/testing';
import type { INestApplication } from '@nestjs/common';
import { ClustermeshStart } from '../../src/apps/clustermesh-start.js';
import { ClustermeshModule } from '../../src/apps/clustermesh.module.js';
import type { Log, LogFields } from '../../src/common/log.js';
import { TaskGroup } from '../../src/common/task-group.js';
import { flagsOf } from '../../src/modules/config/flags.js';
import { loadClustermeshOptions } from '../../src/modules/config/load-clustermesh-options.js';
import { readArgv } from '../../src/modules/config/read-argv.js';
import { EtcdConnection } from '../../src/modules/etcd/etcd-connection.js';
import { EtcdGuardedKv, GUARDED_KV, type GuardedKv } from '../../src/modules/etcd/guarded-kv.js';
import { HTTP_APP_OPTIONS } from '../../src/modules/http/http-app-options.js';
import { KUBE_API, type KubeApi } from '../../src/modules/kubernetes/kube-api.js';
import { KubeTransport } from '../../src/modules/kubernetes/kube-transport.js';
import { Readiness } from '../../src/modules/health/readiness.js';
import { StatusReport } from '../../src/modules/admin/status/status-report.js';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TestCa } from './certs.js';
import { EtcdAdmin } from './etcd-admin.js';
import { startEtcd, type TestEtcd } from './etcd.js';
import { eventually } from './eventually.js';
import { freePorts } from './free-ports.js';
import { type KubeApiserver, type KubeApiserverOptions, startKubeApiserver } from './kube-apiserver.js';
import type { TestObject } from './kube-client.js';
import { startSecureEtcd, writeIdentity } from './secure-etcd.js';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

export interface AppOptions {
  /** Default: one that may do everything. */
  readonly kubeconfig?: string;
  readonly args?: readonly string[];
  /** What stands between the program and the API server; default nothing. */
  readonly api?: (real: KubeApi) => KubeApi;
  readonly guarded?: (real: GuardedKv) => GuardedKv;
}

export const registerPrefix = 'cilium/state/noderegister/v1/';
const kinds = ['CiliumExternalWorkload', 'CiliumNode', 'CiliumEndpoint', 'CiliumIdentity'] as const;

/** The program in this process, between a real kube-apiserver and a real etcd. */
export class WorkloadApp {
  readonly lines: LogLine[] = [];
  readonly crashes: unknown[] = [];
  private readonly tasks = new TaskGroup((_task, error) => this.crashes.push(error));
  private app: INestApplication | undefined;

  async start(lab: WorkloadLab, options: AppOptions): Promise<this> {
    const ports = await freePorts(2);
    const tokens = [
      '--cluster-name=east',
      '--cluster-id=3',
      lab.etcdFlag,
      `--k8s-kubeconfig-path=${options.kubeconfig ?? lab.kube.adminKubeconfigPath}`,
      `--health-port=${ports[0]}`,
      '--admin-serve-addr=',
      '--prometheus-serve-addr=',
      `--gops-port=${ports[1]}`,
      '--k8s-client-qps=1000',
      '--k8s-client-burst=1000',
      '--enable-external-workloads=true',
      ...(options.args ?? []),
    ];
    const loaded = loadClustermeshOptions(readArgv(tokens, flagsOf('clustermesh')), {});
    if (!loaded.options) throw new Error(JSON.stringify(loaded.problems));
    const build = { version: '0', revision: '', arch: 'amd64' };
    const module = ClustermeshModule.register(loaded.options, this.log(), build);
    const { api = (real) => real, guarded = (real) => real } = options;
    const testing = await Test.createTestingModule({ imports: [module] })
      .overrideProvider(KUBE_API)
      .useFactory({ factory: (real: KubeApi) => api(real), inject: [KubeTransport] as never[] })
      .overrideProvider(GUARDED_KV)
      .useFactory({
        factory: (etcd: EtcdConnection) => guarded(new EtcdGuardedKv(() => etcd.client())),
        inject: [EtcdConnection] as never[],
      })
      .compile();
    this.app = testing.createNestApplication({ ...HTTP_APP_OPTIONS, logger: false });
    await this.app.init();
    await this.app.get(ClustermeshStart).run(this.tasks);
    return this;
  }

  get<T>(token: abstract new (...args: never[]) => T): T {
    return this.app!.get(token as never, { strict: false });
  }

  async ready(): Promise<this> {
    const readiness = this.get(Readiness);
    await eventually(() => readiness.isReady(), { timeoutMs: 30_000, what: 'ready' });
    return this;
  }

  stage(name: string) {
    return this.get(StatusReport)
      .stages()
      .find((stage) => stage.name === name);
  }

  /** Warnings and errors about this workload. */
  complaints(name: string): readonly LogLine[] {
    return this.lines.filter(
      ({ level, fields, message }) =>
        (level === 'warn' || level === 'error') && (fields.object === name || message.endsWith(` ${name}`)),
    );
  }

  async stop(): Promise<void> {
    await this.tasks.stop();
    await this.app?.close();
  }

  private log(): Log {
    const at =
      (level: string) =>
      (message: string, fields: LogFields = {}): void => {
        this.lines.push({ level, message, fields });
      };
    const log: Log = {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: () => log,
    };
    return log;
  }
}

export interface Registration {
  readonly Name: string;
  readonly NodeIdentity: number;
  readonly [field: string]: unknown;
}

/** A real kube-apiserver, a real etcd, and what a VM's agent and a person with kubectl do to them. */
export class WorkloadLab {
  private readonly apps: WorkloadApp[] = [];

  private constructor(
    readonly kube: KubeApiserver,
    readonly etcd: TestEtcd,
    /** How the program reaches etcd. */
    readonly etcdFlag: string,
    /** etcd as a VM's agent sees it. */
    private readonly agent: EtcdAdmin,
  ) {}

  /** etcd past the program under test. */
  get probe(): EtcdAdmin {
    return this.etcd.client();
  }

  /** With an etcd that demands certificates and knows its users, as etcdinit leaves it. */
  static async startSecure(): Promise<WorkloadLab> {
    const ca = await TestCa.create();
    const [kube, etcd] = await Promise.all([startKubeApiserver(), startSecureEtcd('east', ca)]);
    const config = await writeEtcdConfig(kube.directory, etcd.endpoint, ca);
    const agent = new EtcdAdmin(etcd.endpoint, ca, 'externalworkload');
    return new WorkloadLab(kube, etcd, `--kvstore-opt=etcd.config=${config}`, agent);
  }

  static async start(options: KubeApiserverOptions = {}): Promise<WorkloadLab> {
    const [kube, etcd] = await Promise.all([startKubeApiserver(options), startEtcd()]);
    const flag = `--kvstore-opt=etcd.address=${etcd.endpoint}`;
    return new WorkloadLab(kube, etcd, flag, new EtcdAdmin(etcd.endpoint));
  }

  /** The program, ready. */
  async run(options: AppOptions = {}): Promise<WorkloadApp> {
    return (await this.launch(options)).ready();
  }

  async launch(options: AppOptions = {}): Promise<WorkloadApp> {
    const app = new WorkloadApp();
    this.apps.push(app);
    return app.start(this, options);
  }

  async stopApps(): Promise<void> {
    await Promise.all(this.apps.splice(0).map((app) => app.stop()));
  }

  /** Ends the programs, removes every object and key. */
  async reset(): Promise<void> {
    await this.stopApps();
    await this.probe.deletePrefix('cilium/');
    for (const kind of kinds) await this.removeAll(kind);
  }

  async stop(): Promise<void> {
    await this.stopApps();
    this.agent.close();
    await Promise.all([this.kube.stop(), this.etcd.stop()]);
  }

  put(name: string, value: unknown): Promise<number> {
    return this.agent.put(registerPrefix + name, typeof value === 'string' ? value : JSON.stringify(value));
  }

  async registration(name: string): Promise<Registration | undefined> {
    const text = await this.probe.get(registerPrefix + name);
    return text === undefined ? undefined : (JSON.parse(text) as Registration);
  }

  /** Until the server has answered; returns the answer. */
  answer(name: string, timeoutMs = 20_000): Promise<Registration> {
    return eventually(
      async () => {
        const record = await this.registration(name);
        return record !== undefined && (record.NodeIdentity ?? 0) !== 0 && record;
      },
      { timeoutMs, what: `an answer to ${name}` },
    );
  }

  /** What an agent does: asks, waits, and tells its addresses with the identity that it was given. */
  async join(name: string, ips: readonly string[]): Promise<Registration> {
    await this.put(name, { Name: name, Source: 'local', NodeIdentity: 0 });
    const answer = await this.answer(name);
    const IPAddresses = ips.map((IP) => ({ Type: 'InternalIP', IP }));
    await this.put(name, { ...answer, IPAddresses });
    return answer;
  }

  create(object: object): Promise<void> {
    return this.kube.client.apply(object as TestObject);
  }

  workload(name: string, labels: Record<string, string> = {}, spec: object = {}): Promise<void> {
    const metadata = { name, labels };
    return this.create({ apiVersion: 'cilium.io/v2', kind: 'CiliumExternalWorkload', metadata, spec });
  }

  /** The object; undefined when there is none. */
  async object<T = Record<string, never>>(
    plural: string,
    name: string,
    namespace?: string,
  ): Promise<T | undefined> {
    const place = namespace === undefined ? '' : `namespaces/${namespace}/`;
    const { status, body } = await this.kube.client.request(
      'GET',
      `/apis/cilium.io/v2/${place}${plural}/${name}`,
    );
    return status === 200 ? (body as T) : undefined;
  }

  async objects(plural: string): Promise<readonly KubeItem[]> {
    const { body } = await this.kube.client.request('GET', `/apis/cilium.io/v2/${plural}`);
    return (body as { items: KubeItem[] }).items;
  }

  /** Until the workload's status says that it was published with this address. */
  published(name: string, ip: string, timeoutMs = 20_000): Promise<KubeItem> {
    return eventually(
      async () => {
        const workload = await this.object<KubeItem>('ciliumexternalworkloads', name);
        return workload?.status?.ip === ip && workload;
      },
      { timeoutMs, what: `${name} published with ${ip}` },
    );
  }

  async removeAll(kind: (typeof kinds)[number]): Promise<void> {
    const items = await this.objects(`${kind.toLowerCase()}s`.replace('identitys', 'identities'));
    for (const { metadata } of items)
      await this.kube.client.delete({ apiVersion: 'cilium.io/v2', kind, metadata });
  }
}

async function writeEtcdConfig(directory: string, endpoint: string, ca: TestCa): Promise<string> {
  const path = join(directory, 'etcd-config.yaml');
  await writeFile(path, `endpoints:\n- ${endpoint}\n${await writeIdentity(directory, 'admin-east', ca)}`);
  return path;
}

export interface KubeItem {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
    readonly ownerReferences?: readonly { kind: string; name: string; uid: string }[];
  };
  // What a test looks at is its own to know.
  // eslint-disable-next-line typescript/no-explicit-any
  readonly spec?: Record<string, any>;
  // eslint-disable-next-line typescript/no-explicit-any
  readonly status?: Record<string, any>;
  readonly 'security-labels'?: Record<string, string>;
}

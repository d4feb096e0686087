import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Child, type ChildExit } from '../child.js';
import { image } from './container-image.js';
import type { LabNetwork } from './lab-network.js';
import { PodSandbox, type Mount } from './pod-sandbox.js';
import { type ContainerSpec, expand, type PodSpec, type ReadTexts, resolveEnv } from './pod-spec.js';
import { PodVolumes } from './pod-volumes.js';

export interface PodOptions {
  readonly lab: LabNetwork;
  readonly spec: PodSpec;
  readonly namespace: string;
  readonly name: string;
  readonly ip: string;
  /** Made for the pod, and removed with it. */
  readonly directory: string;
  readonly read: ReadTexts;
  /** The files of its service account. */
  readonly account: Readonly<Record<string, string>>;
  /** The API server's address as seen from the pod. */
  readonly apiServer: { readonly host: string; readonly port: number };
}

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * A rendered pod as processes of this machine: its containers with exactly their command, arguments, environment and volumes,
 * at the paths and ports that they have in a cluster. Nothing is restarted: a container that ends by itself is a failure.
 * Left out: images, users, security contexts, resources.
 */
export class Pod {
  readonly uid = randomUUID();
  private readonly volumes: PodVolumes;
  private readonly children = new Map<string, Child>();
  private sandbox: PodSandbox | undefined;
  private stopping = false;

  constructor(private readonly options: PodOptions) {
    const { directory, spec, read } = options;
    this.volumes = new PodVolumes(join(directory, 'volumes'), spec.volumes ?? [], read);
  }

  get name(): string {
    return this.options.name;
  }

  get ip(): string {
    return this.options.ip;
  }

  get spec(): PodSpec {
    return this.options.spec;
  }

  /**
   * Until the containers run, the init containers have ended well before. @throws NotThereYet when a volume or a variable needs
   * what is not there yet; it may be started again then.
   */
  async start(): Promise<void> {
    const { lab, spec, ip } = this.options;
    await this.volumes.sync();
    await this.writeOwnFiles();
    const commands = await Promise.all(
      [...(spec.initContainers ?? []), ...spec.containers].map((container) => this.prepare(container)),
    );
    this.sandbox = await PodSandbox.create(lab, ip);
    for (const { name } of spec.initContainers ?? []) {
      const child = this.launch(name, commands);
      const { code } = await child.exit;
      if (code !== 0) throw new Error(`init container ${name} ended with ${String(code)}:\n${child.tail()}`);
      this.children.delete(name);
    }
    for (const { name } of spec.containers) this.launch(name, commands);
  }

  /** Brings its files to what their objects hold now. */
  sync(): Promise<void> {
    return this.volumes.sync();
  }

  /** Whether every container passes its readiness probe. @throws Error when one has ended. */
  async ready(): Promise<boolean> {
    const answers = this.spec.containers.map(({ name }) => this.probe(name, 'readinessProbe'));
    return (await Promise.all(answers)).every(Boolean);
  }

  /** Whether a probe that the container has answers well; without one it passes, as for a kubelet. */
  async probe(
    container: string,
    kind: 'readinessProbe' | 'livenessProbe' | 'startupProbe',
  ): Promise<boolean> {
    const { exited } = this.container(container);
    if (exited && !this.stopping)
      throw new Error(
        `container ${container} ended (${JSON.stringify(exited)}):\n${this.container(container).tail()}`,
      );
    const get = this.specOf(container)[kind]?.httpGet;
    if (!get) return true;
    return (await this.get(this.portOf(container, get.port), get.path))?.ok === true;
  }

  /** GET of a port of the pod; undefined: nobody answers. */
  async get(
    port: number,
    path: string,
  ): Promise<{ readonly ok: boolean; readonly body: string } | undefined> {
    try {
      const url = `http://127.0.0.1:${String(await this.forward(port))}${path}`;
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
      return { ok: response.ok, body: await response.text() };
    } catch {
      return undefined;
    }
  }

  /** A port of 127.0.0.1 on this machine that leads to one of the pod's. */
  forward(port: number): Promise<number> {
    return this.options.lab.forward({ host: this.ip, port });
  }

  container(name: string): Child {
    const child = this.children.get(name);
    if (!child) throw new Error(`no container ${name} runs in pod ${this.name}`);
    return child;
  }

  /** The port of a container by its name. */
  portOf(container: string, port: number | string): number {
    if (typeof port === 'number') return port;
    const found = this.specOf(container).ports?.find(({ name }) => name === port)?.containerPort;
    if (found === undefined) throw new Error(`container ${container} has no port ${port}`);
    return found;
  }

  /** A process whose `/proc/PID/net` is the pod's. */
  get networkPid(): number {
    return this.sandbox?.pid ?? -1;
  }

  /** Until all its containers have ended by themselves, as a job's do. */
  async completed(): Promise<ChildExit[]> {
    return Promise.all([...this.children.values()].map((child) => child.exit));
  }

  /** SIGTERM to all containers at once, SIGKILL after the grace period. */
  async stop(): Promise<void> {
    this.stopping = true;
    const graceMs = (this.spec.terminationGracePeriodSeconds ?? 30) * 1000;
    await Promise.all([...this.children.values()].map((child) => child.stop(graceMs)));
    await this.remove();
  }

  /** SIGKILL to all of it. */
  async kill(): Promise<void> {
    this.stopping = true;
    await Promise.all([...this.children.values()].map((child) => child.kill()));
    await this.remove();
  }

  private async remove(): Promise<void> {
    await this.sandbox?.remove();
    await rm(this.options.directory, { recursive: true, force: true });
  }

  private launch(name: string, commands: readonly Prepared[]): Child {
    const { program, env, mounts } = commands.find((one) => one.name === name)!;
    const child = new Child(this.sandbox!.command(program, env, mounts));
    this.children.set(name, child);
    return child;
  }

  private async prepare(container: ContainerSpec): Promise<Prepared> {
    const { namespace, name, ip, read, apiServer, spec } = this.options;
    const fields = {
      'metadata.name': name,
      'metadata.namespace': namespace,
      'metadata.uid': this.uid,
      'status.podIP': ip,
      'spec.serviceAccountName': spec.serviceAccountName,
    };
    const own = await resolveEnv(container.env ?? [], fields, read);
    const env = {
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      HOSTNAME: name,
      KUBERNETES_SERVICE_HOST: apiServer.host,
      KUBERNETES_SERVICE_PORT: String(apiServer.port),
      ...own,
    };
    const [command = '', ...words] = [...container.command, ...(container.args ?? [])].map((word) =>
      expand(word, env),
    );
    const program = image.programs[command];
    if (program === undefined) throw new Error(`the image has no program ${command}`);
    return { name: container.name, program: [program, ...words], env, mounts: this.mountsOf(container) };
  }

  private mountsOf({ volumeMounts = [] }: ContainerSpec): Mount[] {
    const own = (path: string): string => this.ownFile(path);
    return [
      ...Object.keys(image.files).map((at) => ({ from: own(at), at, folder: false })),
      { from: own('/etc/hosts'), at: '/etc/hosts', folder: false },
      { from: own(accountFolder), at: accountFolder, folder: true },
      ...volumeMounts.map(({ name, mountPath }) => ({
        from: this.volumes.path(name),
        at: mountPath,
        folder: true,
      })),
    ];
  }

  private ownFile(path: string): string {
    return join(this.options.directory, 'own', path);
  }

  private async writeOwnFiles(): Promise<void> {
    const { account, ip, name, spec } = this.options;
    const aliases = (spec.hostAliases ?? []).map(
      ({ ip: host, hostnames }) => `${host}\t${hostnames.join('\t')}`,
    );
    const files = {
      ...image.files,
      ...Object.fromEntries(Object.entries(account).map(([key, text]) => [`${accountFolder}/${key}`, text])),
      '/etc/hosts': ['127.0.0.1\tlocalhost', '::1\tlocalhost', `${ip}\t${name}`, ...aliases, ''].join('\n'),
    };
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(this.ownFile(path)), { recursive: true });
      await writeFile(this.ownFile(path), content);
    }
  }

  private specOf(container: string): ContainerSpec {
    const found = this.spec.containers.find(({ name }) => name === container);
    if (!found) throw new Error(`no container ${container} in pod ${this.name}`);
    return found;
  }
}

interface Prepared {
  readonly name: string;
  readonly program: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
}

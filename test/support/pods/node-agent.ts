import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { KubeApiserver } from '../kube-apiserver.js';
import type { Address, LabNetwork } from './lab-network.js';
import { Pod } from './pod.js';
import { NotThereYet, type PodSpec, type ReadTexts } from './pod-spec.js';

export interface NodeAgentOptions {
  readonly lab: LabNetwork;
  readonly kube: KubeApiserver;
  readonly namespace: string;
  /** Where pods find the API server. */
  readonly apiServer: Address;
  /** Pods are `${podNetwork}.1`, `.2` and so on. */
  readonly podNetwork: string;
  /** The service of this address leads to the pod that is ready. */
  readonly nodePort: Address;
}

interface Deployment {
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: PodSpec;
    };
  };
}

interface ObjectWithData {
  readonly data?: Readonly<Record<string, string>>;
}

const deploymentName = 'clustermesh-apiserver';
const periodMs = 200;

/**
 * What a cluster has and an API server alone has not, for one Deployment of one replica: its controller (a changed template
 * rolls out as the chart's strategy says: the new pod first), a kubelet (volumes, containers, readiness), and the way from a
 * node's port to the pod that is ready.
 */
export class NodeAgent {
  private readonly stopped = new AbortController();
  private running: Promise<void> | undefined;
  private fail: (error: unknown) => void = () => undefined;
  /** Rejects with what has ended the agent before stop(). */
  readonly failed = new Promise<never>((_, reject) => (this.fail = reject));
  private current: { readonly pod: Pod; readonly template: string } | undefined;
  private count = 0;
  private addresses = 0;

  constructor(private readonly options: NodeAgentOptions) {}

  /** The pod that the service leads to. */
  get pod(): Pod {
    if (!this.current) throw new Error('no pod is ready yet');
    return this.current.pod;
  }

  get hasPod(): boolean {
    return this.current !== undefined;
  }

  /** Looks after the Deployment until stop(). */
  start(): void {
    this.running = this.loop().catch((error: unknown) => this.fail(error));
    // stop() tells of it, if nobody has waited for it.
    this.failed.catch(() => undefined);
  }

  /** Ends all pods. @throws what has ended the agent before. */
  async stop(): Promise<void> {
    this.stopped.abort();
    await this.running;
    await this.current?.pod.kill();
    await Promise.race([this.failed, Promise.resolve()]);
  }

  /** Runs the pod of a rendered Job to its end. @returns its log. @throws Error unless every container ends with 0. */
  async runJob(name: string, spec: PodSpec): Promise<string> {
    const pod = await this.newPod(name, spec);
    const children = spec.containers.map((container) => container.name);
    try {
      await pod.start();
      const exits = await pod.completed();
      const log = children.map((child) => pod.container(child).stderrLines.join('\n')).join('\n');
      if (exits.some(({ code }) => code !== 0))
        throw new Error(`job ${name}: ${JSON.stringify(exits)}\n${log}`);
      return log;
    } finally {
      await pod.kill();
    }
  }

  private async loop(): Promise<void> {
    while (!this.stopped.signal.aborted) {
      const deployment = await this.deployment();
      if (deployment) await this.follow(deployment);
      await pause(periodMs);
    }
  }

  private async follow(deployment: Deployment): Promise<void> {
    const template = JSON.stringify(deployment.spec.template);
    if (template !== this.current?.template) await this.rollOut(deployment, template);
    await this.current?.pod.sync();
    await this.report(deployment);
  }

  /** The new pod has to be ready before the old one goes (maxSurge 1, maxUnavailable 0). */
  private async rollOut(deployment: Deployment, template: string): Promise<void> {
    const { spec, metadata } = deployment.spec.template;
    const old = this.current?.pod;
    const pod = await this.newPod(`${deploymentName}-${String(++this.count)}`, spec);
    try {
      if (!(await this.startedAndReady(pod, old))) return await pod.kill();
      await this.publish(pod, metadata.labels);
    } catch (error) {
      await pod.kill();
      throw error;
    }
    this.current = { pod, template };
    if (!old) return;
    await old.stop();
    await this.options.kube.request('DELETE', `${this.path('pods')}/${old.name}?gracePeriodSeconds=0`);
  }

  /** false: the agent stops. */
  private async startedAndReady(pod: Pod, old: Pod | undefined): Promise<boolean> {
    let started = false;
    while (!this.stopped.signal.aborted) {
      await old?.sync();
      started ||= await startedNow(pod);
      if (started && (await pod.ready())) return true;
      if (started) await pod.sync();
      await pause(periodMs);
    }
    return false;
  }

  private async newPod(name: string, spec: PodSpec): Promise<Pod> {
    const { lab, namespace, apiServer, podNetwork } = this.options;
    return new Pod({
      lab,
      spec,
      namespace,
      name,
      apiServer,
      ip: `${podNetwork}.${String(++this.addresses)}`,
      directory: await mkdtemp(join(tmpdir(), 'pod-')),
      read: this.read,
      account: await this.account(spec.serviceAccountName),
    });
  }

  private readonly read: ReadTexts = async (kind, name) => {
    const answer = await this.options.kube.request('GET', `${this.path(`${kind.toLowerCase()}s`)}/${name}`);
    if (answer.status === 404) return undefined;
    const { data = {} } = answer.body as ObjectWithData;
    const encoding = kind === 'secret' ? 'base64' : 'utf8';
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, encoding).toString()]),
    );
  };

  private async account(name: string): Promise<Record<string, string>> {
    const { kube, namespace } = this.options;
    return { token: await kube.accountToken(namespace, name), namespace, 'ca.crt': kube.ca };
  }

  private async deployment(): Promise<Deployment | undefined> {
    const path = `/apis/apps/v1/namespaces/${this.options.namespace}/deployments/${deploymentName}`;
    const { status, body } = await this.options.kube.request('GET', path);
    return status === 200 ? (body as Deployment) : undefined;
  }

  private async publish(pod: Pod, labels: Readonly<Record<string, string>>): Promise<void> {
    const { kube, lab, nodePort } = this.options;
    const metadata = { name: pod.name, labels };
    const containers = pod.spec.containers.map(({ name }) => ({ name, image: 'image' }));
    const object = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } };
    await kube.request('POST', this.path('pods'), object);
    const status = { phase: 'Running', podIP: pod.ip, podIPs: [{ ip: pod.ip }] };
    await this.patch(`${this.path('pods')}/${pod.name}/status`, { status });
    await lab.relay(nodePort, { host: pod.ip, port: 2379 });
  }

  private async report({ metadata }: Deployment): Promise<void> {
    const path = `/apis/apps/v1/namespaces/${this.options.namespace}/deployments/${metadata.name}/status`;
    const counts = { replicas: 1, readyReplicas: 1, availableReplicas: 1, updatedReplicas: 1 };
    await this.patch(path, { status: { ...counts, observedGeneration: metadata.generation } });
  }

  private async patch(path: string, body: object): Promise<void> {
    const answer = await this.options.kube.request('PATCH', path, body, 'application/merge-patch+json');
    if (answer.status >= 300) throw new Error(`PATCH ${path}: ${JSON.stringify(answer)}`);
  }

  private path(plural: string): string {
    return `/api/v1/namespaces/${this.options.namespace}/${plural}`;
  }
}

/** false: what it needs is not there yet. */
async function startedNow(pod: Pod): Promise<boolean> {
  try {
    await pod.start();
    return true;
  } catch (error) {
    if (error instanceof NotThereYet) return false;
    throw error;
  }
}

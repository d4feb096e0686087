import { Inject, Injectable, Optional } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/clock.js';
import { LOG, type Log } from '../common/log.js';
import { StartError } from '../common/start-error.js';
import type { TaskGroup } from '../common/task-group.js';
import { CLUSTERMESH_OPTIONS, type ClustermeshOptions } from '../modules/config/clustermesh-options.js';
import { EtcdConnection } from '../modules/etcd/etcd-connection.js';
import { EtcdUsers } from '../modules/etcd-users/etcd-users.js';
import { ExternalWorkloadsService } from '../modules/external-workloads/external-workloads.service.js';
import { HeartbeatService } from '../modules/heartbeat/heartbeat.service.js';
import { HttpListeners } from '../modules/http/http-listeners.service.js';
import { ClusterConfigService } from '../modules/k8s-sync/cluster-config.service.js';
import { K8sSyncService } from '../modules/k8s-sync/k8s-sync.service.js';
import { KubernetesConnection, type KubernetesServer } from '../modules/kubernetes/kubernetes-connection.js';
import { Leadership } from '../modules/leader-election/leadership.js';
import { MirrorAdmin } from '../modules/mirror/mirror-admin.service.js';
import { MirrorService } from '../modules/mirror/mirror.service.js';

/** Everything that must be there before "Started" has five minutes together (spec/operations.md §1.1). */
const startLimitMs = 5 * 60_000;

/**
 * The start, in the order of the original: listeners, the leadership where there is an election, then Kubernetes and etcd side by side, the heartbeat as soon as etcd
 * answers, the cluster config before any state key, services at once, the rest when their CRDs are there.
 */
@Injectable()
export class ClustermeshStart {
  constructor(
    private readonly listeners: HttpListeners,
    private readonly kubernetes: KubernetesConnection,
    private readonly etcd: EtcdConnection,
    private readonly mirror: MirrorService,
    private readonly mirrorAdmin: MirrorAdmin,
    private readonly heartbeat: HeartbeatService,
    private readonly clusterConfig: ClusterConfigService,
    private readonly k8sSync: K8sSyncService,
    @Inject(CLUSTERMESH_OPTIONS) private readonly options: ClustermeshOptions,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
    /** Only when external workloads are on. */
    @Optional() private readonly externalWorkloads?: ExternalWorkloadsService,
    /** Only when the users of etcd are managed. */
    @Optional() private readonly users?: EtcdUsers,
    /** Only when replicas share one etcd. */
    @Optional() private readonly leadership?: Leadership,
  ) {}

  /** Resolves when started: the first sync goes on. @throws StartError. */
  async run(tasks: TaskGroup): Promise<void> {
    await this.listeners.open('admin', 'health', 'metrics');
    await this.leadership?.acquire(tasks);
    const started = this.clock.monotonic();
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), startLimitMs);
    const signal = AbortSignal.any([tasks.signal, limit.signal]);
    try {
      const server = await this.connect(tasks, signal);
      await this.clusterConfig.write(signal);
      this.synchronize(server, tasks);
      this.manageUsers(tasks);
    } catch (error) {
      throw limit.signal.aborted
        ? new StartError('context deadline exceeded', { cause: this.etcd.lastError })
        : error;
    } finally {
      clearTimeout(timer);
    }
    this.log.info('Started', { duration: `${((this.clock.monotonic() - started) / 1000).toFixed(3)}s` });
  }

  private async connect(tasks: TaskGroup, signal: AbortSignal): Promise<KubernetesServer> {
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const etcd = async (): Promise<void> => {
      await this.etcd.connect(either);
      tasks.spawn('etcd connection', (s) => this.etcd.run(s));
      await this.mirror.start(tasks);
      this.heartbeat.start();
    };
    try {
      const [server] = await Promise.all([this.kubernetes.connect(either), etcd()]);
      return server;
    } finally {
      failed.abort();
    }
  }

  /** After the first write: etcd may refuse a request that runs while an account changes, and the start takes no refusal. */
  private manageUsers(tasks: TaskGroup): void {
    const { users } = this;
    if (!users) {
      this.log.info('etcd users management disabled');
      return;
    }
    this.mirrorAdmin.follow(() => users.recheck());
    tasks.spawn('etcd users', (signal) => users.run(signal));
  }

  private synchronize(server: KubernetesServer, tasks: TaskGroup): void {
    const { clusterName, clusterId, crdWaitTimeoutMs } = this.options;
    const log = this.log.child('clustermesh-apiserver');
    log.info('Starting clustermesh-apiserver...', { 'cluster-name': clusterName, 'cluster-id': clusterId });
    tasks.spawn('Kubernetes heartbeat', (signal) => this.kubernetes.runHeartbeat(signal));
    const crds = this.kubernetes.waitForCrds(crdWaitTimeoutMs, tasks.signal);
    this.externalWorkloads?.start(server, crds, tasks);
    this.k8sSync.start(server, crds, tasks, this.externalWorkloads?.taps());
    log.info('Initialization complete');
  }
}

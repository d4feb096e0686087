import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/clock.js';
import { LOG, type Log } from '../../common/log.js';
import type { StageSource, StageStatus } from '../../common/stage.js';
import type { TaskGroup } from '../../common/task-group.js';
import { IdentityAllocator } from '../identity-allocator/identity-allocator.js';
import { IdentityIndex } from '../identity-allocator/identity-index.js';
import { deletions, type ResourceTaps } from '../k8s-sync/resource-taps.js';
import { KUBE_API, type KubeApi } from '../kubernetes/kube-api.js';
import type { KubernetesServer } from '../kubernetes/kubernetes-connection.js';
import { Reflector } from '../kubernetes/reflector.js';
import { resources } from '../kubernetes/resources.js';
import { MirrorAdmin } from '../mirror/mirror-admin.service.js';
import { ExternalWorkloads } from './external-workloads.js';

/** Owns the life of external workloads: their reflector, the watch of the register keys, the identities in use. */
@Injectable()
export class ExternalWorkloadsService implements StageSource {
  private reflector: Reflector | undefined;

  constructor(
    private readonly workloads: ExternalWorkloads,
    private readonly allocator: IdentityAllocator,
    private readonly index: IdentityIndex,
    private readonly admin: MirrorAdmin,
    @Inject(KUBE_API) private readonly api: KubeApi,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** What it needs of the resources that are mirrored anyway: identities to choose from, and objects of its own that went. */
  taps(): ResourceTaps {
    return new Map([
      [resources.ciliumidentities.plural, this.index],
      [resources.ciliumnodes.plural, deletions((name) => this.workloads.recheck(name))],
      [resources.ciliumendpoints.plural, deletions((key) => this.workloads.recheck(nameIn(key)))],
    ]);
  }

  /** @param crds resolves when the CRDs have been found. */
  start(server: KubernetesServer, crds: Promise<void>, tasks: TaskGroup): void {
    const reflector = new Reflector({
      api: this.api,
      resource: resources.ciliumexternalworkloads,
      sink: this.workloads.workloads,
      clock: this.clock,
      log: this.log.child('k8s'),
      random: Math.random,
      watchList: server.watchList,
    });
    this.reflector = reflector;
    this.admin.follow(() => this.workloads.resync());
    tasks.spawn('reflector of ciliumexternalworkloads', async (signal) => {
      await crds;
      if (!signal.aborted) await reflector.run(signal);
    });
    tasks.spawn('identities in use', (signal) => this.allocator.run(signal));
    tasks.spawn('external workloads', (signal) => this.workloads.run(signal));
  }

  stageStatus(): readonly StageStatus[] {
    return [
      ...(this.reflector?.stageStatus() ?? []),
      ...this.allocator.stageStatus(),
      ...this.workloads.stageStatus(),
    ];
  }
}

function nameIn(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

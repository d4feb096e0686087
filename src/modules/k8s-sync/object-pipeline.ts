import type { Bytes } from '../../common/bytes.js';
import type { Clock } from '../../common/clock.js';
import type { KubeObject, ResourceSink } from '../kubernetes/kube-api.js';
import type { DesiredState } from '../mirror/desired-state.js';
import type { Scope } from '../mirror/scope.js';
import type { ComplaintBook } from './complaint-book.js';
import type { Projected } from './projections/projection.js';

export interface ObjectPipelineOptions {
  readonly desired: DesiredState;
  readonly scope: Scope;
  readonly project: (object: KubeObject) => Projected;
  /** The key of an object whose version is to be ignored: what a previous run left there stays. */
  readonly keptKey?: (objectKey: string) => Bytes;
  readonly complaints: ComplaintBook;
  readonly clock: Clock;
  readonly onListed: () => void;
}

/** One kind whose objects do not depend on each other: event → projection → desired state. Keeps nothing of the object. */
export class ObjectPipeline implements ResourceSink {
  constructor(private readonly options: ObjectPipelineOptions) {}

  upsert(key: string, object: KubeObject): void {
    const { desired, scope, project, complaints, clock } = this.options;
    const projected = project(object);
    complaints.note(key, projected.complaints);
    if (projected.kind === 'entries') desired.replace(scope, key, projected.entries, clock.monotonic());
    else this.keep(key);
  }

  private keep(key: string): void {
    const { desired, scope, keptKey } = this.options;
    const record = keptKey && scope.records.get(keptKey(key));
    if (record?.owner !== undefined || !record?.want) return;
    desired.replace(scope, key, [{ key: record.key, value: record.want }]);
  }

  delete(key: string): void {
    this.options.complaints.close(key);
    this.options.desired.remove(this.options.scope, key, this.options.clock.monotonic());
  }

  /** Objects that want no key need not be remembered, deleting them changes nothing; unless they are complained of. */
  *keys(): Iterable<string> {
    const { scope, complaints } = this.options;
    yield* scope.owners.keys();
    for (const key of complaints.keys()) if (!scope.owners.has(key)) yield key;
  }

  synced(): void {
    this.options.onListed();
  }
}

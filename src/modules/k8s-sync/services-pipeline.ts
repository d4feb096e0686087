import type { Clock } from '../../common/clock.js';
import type { KubeObject, ResourceSink } from '../kubernetes/kube-api.js';
import type { DesiredState } from '../mirror/desired-state.js';
import type { Scope } from '../mirror/scope.js';
import type { ComplaintBook } from './complaint-book.js';
import type { ServiceJoin } from './projections/service-join.js';

export interface ServicesPipelineOptions {
  readonly desired: DesiredState;
  readonly scope: Scope;
  readonly join: ServiceJoin;
  readonly backends: 'slice' | 'endpoints';
  readonly complaints: ComplaintBook;
  readonly clock: Clock;
  readonly onListed: () => void;
}

/** A service whose value is larger than this (bytes) is projected, and so written, at most 20 times a second. */
const largeValue = 64 * 1024;
/** A write that waits for its turn brings the next ones closer to it: with a twentieth of a second, 21 have met in one. */
const largeServiceMs = 55;

/**
 * Services joined with their slices. Changes mark a service; it is projected once the present run of events is over, so that
 * a hundred slice events of one service cost one projection. Large services are held to 20 projections a second. Whatever
 * changed is looked at again: by the timer that holds it, or else by the next flush.
 */
export class ServicesPipeline {
  private flushing = false;
  private readonly changedAt = new Map<string, number>();
  private readonly notBefore = new Map<string, number>();
  /** Those that a timer will look at, whether or not they are still to be projected then. */
  private readonly held = new Set<string>();
  private readonly open = new Set(['services', 'backends']);

  constructor(private readonly options: ServicesPipelineOptions) {}

  readonly services: ResourceSink = {
    upsert: (key, object) => this.changed(() => this.options.join.serviceUpsert(key, object)),
    delete: (key) => this.changed(() => this.options.join.serviceDelete(key)),
    keys: () => this.options.join.serviceKeys(),
    synced: () => this.listed('services'),
  };

  readonly backends: ResourceSink = {
    upsert: (key, object: KubeObject) =>
      this.changed(() => this.options.join.backendsUpsert(key, object, this.options.backends)),
    delete: (key) => this.changed(() => this.options.join.backendsDelete(key)),
    keys: () => this.options.join.backendsKeys(),
    synced: () => this.listed('backends'),
  };

  private changed(apply: () => void): void {
    const now = this.options.clock.monotonic();
    apply();
    for (const key of this.options.join.takeDirty()) {
      if (!this.changedAt.has(key)) this.changedAt.set(key, now);
      if (!this.held.has(key)) this.schedule();
    }
  }

  private schedule(): void {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => {
      this.flushing = false;
      this.flush();
    });
  }

  private flush(): void {
    for (const [key, at] of this.changedAt) if (!this.held.has(key)) this.projectOrHold(key, at);
  }

  private projectOrHold(key: string, at: number): void {
    const waitMs = (this.notBefore.get(key) ?? 0) - this.options.clock.monotonic();
    if (waitMs > 0) this.hold(key, waitMs);
    else this.project(key, at);
  }

  private hold(key: string, ms: number): void {
    this.held.add(key);
    setTimeout(() => {
      this.held.delete(key);
      const at = this.changedAt.get(key);
      // Held anew when the end of the lists did not wait for this timer.
      if (at !== undefined) this.projectOrHold(key, at);
    }, ms);
  }

  /** As ReflectedObjects does for the other kinds: what a service does wrong here must not stop the others, nor the process. */
  private project(key: string, at: number): void {
    this.changedAt.delete(key);
    try {
      this.replace(key, at);
    } catch (error) {
      this.options.complaints.failed(key, error);
    }
  }

  private replace(key: string, at: number): void {
    const { desired, scope, join, complaints, clock } = this.options;
    const projected = join.project(key);
    if (projected.kind === 'entries') desired.replace(scope, key, projected.entries, at);
    complaints.note(key, projected.complaints);
    const size = projected.entries[0]?.value.length ?? 0;
    if (size > largeValue) this.notBefore.set(key, clock.monotonic() + largeServiceMs);
    else this.notBefore.delete(key);
  }

  private listed(source: string): void {
    this.open.delete(source);
    if (this.open.size > 0) return;
    for (const [key, at] of this.changedAt) this.project(key, at);
    this.options.onListed();
  }
}

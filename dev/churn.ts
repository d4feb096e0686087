import type { ClusterGenerator, GeneratedObject } from './cluster-generator.js';

/** One change of a cluster in motion. */
export interface ChurnStep {
  readonly type: 'apply' | 'delete';
  readonly object: GeneratedObject;
}

/**
 * Changes of a generated cluster, the same sequence each time. Of ten changes eight give an endpoint another identity, one
 * removes an endpoint and the next brings it back: the number of keys stays the same in the long run.
 */
export class Churn {
  private count = 0;
  /** How often each endpoint has changed its identity. */
  private readonly changes = new Map<number, number>();

  constructor(private readonly generator: ClusterGenerator) {}

  /** The next change. The cluster must have at least one endpoint. */
  next(): ChurnStep {
    const n = this.count++;
    const position = n % 10;
    const round = Math.floor(n / 10);
    // A step of a prime length visits all endpoints before it meets one again.
    const target = ((position >= 8 ? round : n) * 7_919) % this.generator.shape.endpoints;
    if (position === 8) return { type: 'delete', object: this.generator.endpoint(target) };
    const changes = (this.changes.get(target) ?? 0) + 1;
    this.changes.set(target, changes);
    const identity = (target + changes) % Math.max(this.generator.shape.identities, 1);
    return { type: 'apply', object: this.generator.endpoint(target, identity) };
  }
}

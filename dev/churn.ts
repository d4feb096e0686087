import type { ClusterGenerator, GeneratedObject } from './cluster-generator.js';

/** One change of a cluster in motion. */
export type ChurnStep =
  | { readonly type: 'apply'; readonly object: GeneratedObject }
  | { readonly type: 'delete'; readonly object: GeneratedObject };

/**
 * Changes of a generated cluster as a pure function of their number. Of ten changes eight give an endpoint another identity,
 * one removes an endpoint and the next brings it back: the number of keys stays the same in the long run.
 */
export class Churn {
  constructor(private readonly generator: ClusterGenerator) {}

  /** The change number `n`, from 0. Nothing may be skipped: a removed endpoint comes back with the next number. */
  step(n: number): ChurnStep {
    const { endpoints, identities } = this.generator.shape;
    const position = n % 10;
    const round = Math.floor(n / 10);
    // A step of a prime length visits all endpoints before it meets one again.
    const target = (position >= 8 ? round * 7_919 + 1 : n * 7_919) % Math.max(endpoints, 1);
    if (position === 8) return { type: 'delete', object: this.generator.endpoint(target) };
    // By the visit: an endpoint that is met again has to get another one than the last time.
    const visit = Math.floor(n / Math.max(endpoints, 1));
    const identity = (target + 1 + visit) % Math.max(identities, 1);
    return { type: 'apply', object: this.generator.endpoint(target, identity) };
  }
}

import type { Bytes } from '../../common/bytes.js';
import type { LeaseId } from '../etcd/kv.js';
import type { Scope } from './scope.js';

/** Another owner's wish for a key that a later owner has taken over. */
export interface Claim {
  readonly owner: string;
  readonly value: Bytes;
}

/**
 * All that is known of one key: what is wanted and what is stored. The key is *dirty* exactly when the two are not known to
 * be equal. There is one record a key for the whole life of the process, so it is kept small: about 150 bytes and the texts.
 */
export class KeyRecord {
  /** null: nobody wants the key. */
  want: Bytes | null = null;
  /** null: known to be absent; undefined: not known (never read, a write without an answer, a lost lease). Shares want's text. */
  have: Bytes | null | undefined = null;
  /** The lease that the stored key hangs on; '0' without. */
  lease: LeaseId = '0';
  /** Revision of `have`: what etcd tells about older revisions is ignored. */
  revision = 0;
  /** The source object whose wish `want` is; undefined when nobody's. */
  owner: string | undefined = undefined;
  /** Earlier owners that still want the key, the latest last (invariant I4). */
  others: Claim[] | undefined = undefined;
  queued = false;
  inFlight = false;
  /** Counted in Scope.firstSyncPending. */
  firstSync = false;
  /** etcd refused this very value for good; cleared by the next change of `want`. */
  refused = false;
  /** Monotonic ms at which the event arrived that made the key dirty; 0 = not caused by an event. */
  eventAt = 0;
  /** The pass of the last observation of etcd that found the key. */
  seenInPass = 0;

  constructor(
    readonly scope: Scope,
    readonly key: Bytes,
  ) {}

  get dirty(): boolean {
    return this.want !== this.have && !this.refused;
  }
}

import { Wakeup } from '../../common/wakeup.js';
import type { KeyRecord } from './key-record.js';
import type { InflightLimit } from './inflight-limit.js';
import { Turns } from './turns.js';

export interface Pause {
  /** The next pause, ms; grows until reset(). */
  next(): number;
  reset(): void;
}

/** Keys of one lane share its transactions in flight and its pause: express keys never wait behind the others. */
export interface Lane {
  readonly express: boolean;
  /** How many transactions may be under way at once. */
  readonly inflight: InflightLimit;
  readonly wakeup: Wakeup;
  /** Scopes with dirty keys. Thousands may exist; only these cost. */
  readonly waiting: Turns;
  /** Parts of a refused transaction, to be written exactly so. Their records stay in flight. */
  readonly parts: KeyRecord[][];
  readonly pause: Pause;
  running: number;
  /** Monotonic ms until which the lane rests after a failure. */
  restUntil: number;
  /** A full database takes deletions only: puts have their turn when no deletion is left, and after each pause. */
  only?: 'deletes' | 'puts';
}

export function newLane(express: boolean, inflight: InflightLimit, pause: Pause): Lane {
  return {
    express,
    inflight,
    wakeup: new Wakeup(),
    waiting: new Turns(),
    parts: [],
    pause,
    running: 0,
    restUntil: 0,
  };
}

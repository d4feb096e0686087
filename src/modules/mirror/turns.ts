import type { Scope } from './scope.js';

/** What a scope may take of a transaction before the next one's turn: with 128 operations, 16 keys or 128 KiB. */
const quantum = 1 / 8;

/** A scope's place among those that wait. */
export interface Turn {
  readonly scope: Scope;
  /** Its lag: the part of a transaction that it is owed. At or below 0 it has had its share, or more, and others come first. */
  owed: number;
  /** It has nothing to write, and keeps its place only so that it comes first again not before the others had a turn. */
  parked: boolean;
}

/**
 * The order in which scopes are written: those that lag behind their fair share first. Deficit round robin with a list of its
 * own for those that have just begun to wait (RFC 8290 §4.2, with scopes as flows and parts of a transaction as bytes), so
 * that a scope with a few keys is served at once, whatever hundreds of others have in their queues; and not again before these
 * had a turn. What a scope took beyond its share (a large value) it makes up for, even when it has nothing to write meanwhile.
 */
export class Turns {
  private readonly fresh = new Map<Scope, Turn>();
  private readonly rounds = new Map<Scope, Turn>();
  private parked = 0;

  /** Scopes that wait. */
  get size(): number {
    return this.fresh.size + this.rounds.size - this.parked;
  }

  /** The scope has something to write. */
  add(scope: Scope): void {
    const turn = this.rounds.get(scope);
    if (turn) this.park(turn, false);
    else if (!this.fresh.has(scope)) this.fresh.set(scope, { scope, owed: quantum, parked: false });
  }

  delete(scope: Scope): void {
    this.fresh.delete(scope);
    const turn = this.rounds.get(scope);
    if (turn) this.park(turn, false);
    this.rounds.delete(scope);
  }

  /** All that wait, in no order that matters. */
  *all(): Generator<Turn> {
    yield* this.fresh.values();
    for (const turn of this.rounds.values()) if (!turn.parked) yield turn;
  }

  /** undefined: nobody waits. */
  next(): Turn | undefined {
    for (const turn of this.fresh.values()) return turn;
    for (const turn of this.rounds.values()) {
      if (!turn.parked) return turn;
      this.passed(turn);
    }
    return undefined;
  }

  /** The scope has taken what it may, or all it has. One that the transaction had no room for goes on with the next one. */
  ended(turn: Turn, full: boolean): void {
    const { scope } = turn;
    const drained = scope.dirty.size === 0;
    if (full && turn.owed > 0 && !drained) return;
    const wasFresh = this.fresh.delete(scope);
    if (turn.owed <= 0) turn.owed += quantum;
    if (drained && !wasFresh && turn.owed > 0) this.delete(scope);
    else this.toEnd(turn, drained);
  }

  /** The turn of a scope that has nothing to write: it goes when what it took beyond its share is made up for. */
  private passed(turn: Turn): void {
    if (turn.owed > 0) {
      this.delete(turn.scope);
      return;
    }
    turn.owed += quantum;
    this.toEnd(turn, true);
  }

  private toEnd(turn: Turn, parked: boolean): void {
    this.rounds.delete(turn.scope);
    this.rounds.set(turn.scope, turn);
    this.park(turn, parked);
  }

  private park(turn: Turn, parked: boolean): void {
    if (turn.parked !== parked) this.parked += parked ? 1 : -1;
    turn.parked = parked;
  }
}

/**
 * One stage of the pipeline (a reflector, the etcd connection, a lease, the writer) as /status shows it.
 * Every long-lived part implements StageSource; the admin module only collects.
 */
export interface StageStatus {
  /** Unique and stable, e.g. `kubernetes/ciliumendpoints`, `etcd/connection`, `writer`. */
  readonly name: string;
  /** One of the stage's own union of states, e.g. `listing`. */
  readonly state: string;
  /** When that state was entered, ms since the epoch. */
  readonly since: number;
  /** Whether the stage does its job now. */
  readonly healthy: boolean;
  /** Why it is not healthy, or what failed last; absent when nothing ever did. */
  readonly lastError?: { readonly message: string; readonly at: number };
  /** Counters and gauges of the stage, flat: names say the unit (`queueKeys`, `lagMs`, `receivedEvents`). */
  readonly counts: Readonly<Record<string, number>>;
  /** Anything else worth showing, flat (`resourceVersion`, `endpoint`). */
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
}

export interface StageSource {
  stageStatus(): readonly StageStatus[];
}

/** A state machine's bookkeeping: what state, since when, what failed last. */
export class Stage<State extends string> {
  private current: State;
  private enteredAt: number;
  private failure: { message: string; at: number } | undefined;

  constructor(
    initial: State,
    private readonly now: () => number,
    private readonly onTransition: (from: State, to: State) => void = () => undefined,
  ) {
    this.current = initial;
    this.enteredAt = now();
  }

  get state(): State {
    return this.current;
  }

  get since(): number {
    return this.enteredAt;
  }

  get lastError(): { message: string; at: number } | undefined {
    return this.failure;
  }

  /** Entering the state one is already in changes nothing, `since` included. */
  transition(to: State): void {
    if (to === this.current) return;
    const from = this.current;
    this.current = to;
    this.enteredAt = this.now();
    this.onTransition(from, to);
  }

  failed(error: unknown): void {
    this.failure = { message: error instanceof Error ? error.message : String(error), at: this.now() };
  }
}

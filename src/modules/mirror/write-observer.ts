/** What the writer tells the metrics. Durations in ms. */
export interface WriteObserver {
  /** One transaction was answered; `budgeted`, default true: it had taken a token of the budget. */
  request(durationMs: number, outcome: 'success' | 'fail', budgeted?: boolean): void;
  /** From the arrival of an event to the acknowledgement of its key. */
  propagated(scope: string, ms: number): void;
  /** A write that touched this scope failed; `cluster`: of a remote cluster, absent for our own. */
  failed(scope: string, cluster?: string): void;
}

export const silentObserver: WriteObserver = {
  request: () => undefined,
  propagated: () => undefined,
  failed: () => undefined,
};

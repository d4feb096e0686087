import type { Bytes } from '../../common/bytes.js';
import type { Clock } from '../../common/clock.js';
import { kvstoreScope } from '../metrics/kvstore-scope.js';
import { EtcdFault, type Kv, type KvCallOptions, type KvEntry, type KvOp, type KvPage } from './kv.js';

export type Outcome = 'success' | 'fail';

/** Hears of every operation; KvstoreMetrics is one. `count` operations took the same time, as those of one transaction do. */
export interface KvObserver {
  operation(
    scope: string,
    action: 'Get' | 'Update' | 'Delete' | 'AcquireLease',
    outcome: Outcome,
    seconds: number,
    count?: number,
  ): void;
}

/** A Kv that reports what it does. Ranges pass unmeasured: the original does not measure paginated lists either. */
export class MeteredKv implements Kv {
  constructor(
    private readonly kv: Kv,
    private readonly observer: KvObserver,
    private readonly clock: Clock,
  ) {}

  get(key: Bytes, options?: KvCallOptions): Promise<KvEntry | undefined> {
    return this.measure(this.kv.get(key, options), (outcome, seconds) =>
      this.observer.operation(kvstoreScope(key), 'Get', outcome, seconds),
    );
  }

  range(prefix: Bytes, options?: KvCallOptions & { pageSize?: number }): AsyncIterable<KvPage> {
    return this.kv.range(prefix, options);
  }

  txn(ops: readonly KvOp[], options?: KvCallOptions): Promise<{ revision: number }> {
    return this.measure(this.kv.txn(ops, options), (outcome, seconds) => {
      const counts = tally(ops);
      for (const [scope, n] of counts.put) this.observer.operation(scope, 'Update', outcome, seconds, n);
      for (const [scope, n] of counts.delete) this.observer.operation(scope, 'Delete', outcome, seconds, n);
    });
  }

  private async measure<T>(
    call: Promise<T>,
    report: (outcome: Outcome, seconds: number) => void,
  ): Promise<T> {
    const started = this.clock.monotonic();
    const seconds = (): number => (this.clock.monotonic() - started) / 1000;
    try {
      const result = await call;
      report('success', seconds());
      return result;
    } catch (error) {
      if (!(error instanceof EtcdFault && error.kind === 'aborted')) report('fail', seconds());
      throw error;
    }
  }
}

/** Operations per action and scope. The keys of a transaction mostly share a scope, so most of them cost one comparison. */
function tally(ops: readonly KvOp[]): Record<KvOp['type'], Map<string, number>> {
  const counts = { put: new Map<string, number>(), delete: new Map<string, number>() };
  let scopes = counts.put;
  let folder = '';
  let scope = '';
  let run = 0;
  const add = (): void => {
    if (run > 0) scopes.set(scope, (scopes.get(scope) ?? 0) + run);
    run = 0;
  };
  for (const { type, key } of ops) {
    if (scopes !== counts[type] || folder === '' || !key.startsWith(folder)) {
      add();
      scopes = counts[type];
      folder = folderOf(key);
      scope = kvstoreScope(key);
    }
    run++;
  }
  add();
  return counts;
}

/** The first four elements of the path, which decide the scope; '' for a shorter one. */
function folderOf(key: Bytes): string {
  let slash = -1;
  for (let n = 0; n < 4; n++) {
    slash = key.indexOf('/', slash + 1);
    if (slash < 0) return '';
  }
  return key.slice(0, slash + 1);
}

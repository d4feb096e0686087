import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/common/clock.js';
import { InflightLimit } from '../../../src/modules/mirror/inflight-limit.js';
import { FakeEtcd } from '../../support/fake-etcd.js';
import { MirrorLab } from '../../support/mirror-lab.js';

describe(InflightLimit.name, () => {
  const labs: TimedLab[] = [];
  const lab = (maxInflight: number, answerAt: Etcd): TimedLab => {
    const one = new TimedLab(maxInflight, answerAt);
    labs.push(one);
    return one;
  };
  afterEach(async () => {
    await Promise.all(labs.splice(0).map((one) => one.stop()));
  });

  it('sends as many transactions at once as may be to an etcd that waits for a slow disk', async () => {
    const sut = lab(20, slowDisk);
    await sut.write(20_000);

    expect(sut.mostAtOnce).toBe(20);
  });

  it('keeps to a few with an etcd that works on one after the other', async () => {
    const sut = lab(20, oneByOne);
    await sut.write(20_000);

    expect(sut.mostAtOnce).toBeLessThanOrEqual(6);
  });

  it('finds the middle of an etcd that waits and works', async () => {
    const sut = lab(20, (now, last) => Math.max(now + 20, last + 6));
    await sut.write(20_000);

    expect(sut.mostAtOnce).toBeGreaterThan(4);
    expect(sut.mostAtOnce).toBeLessThan(20);
    expect(sut.limit).toBe(4);
  });

  it('takes some back when answers get slower', () => {
    const sut = new InflightLimit(4, 20);
    for (let i = 0; i < 200; i++) sut.answered(20, true);
    expect(sut.current).toBe(20);

    for (let i = 0; i < 200; i++) sut.answered(200, true);
    expect(sut.current).toBe(4);
  });

  it('never exceeds etcd.maxInflight', async () => {
    const sut = lab(2, slowDisk);
    await sut.write(5_000);

    expect(sut.mostAtOnce).toBe(2);
    expect(InflightLimit.upTo(0).current).toBe(1);
  });

  it('counts transactions of few large values as well', async () => {
    const sut = lab(20, slowDisk);
    await sut.write(400, 'large', 100_000);

    expect(sut.mostAtOnce).toBeGreaterThan(8);
  });

  it('starts anew after a failure', async () => {
    const sut = lab(20, slowDisk);
    await sut.write(20_000, 'key', 1, (transactions) => {
      if (transactions === 100)
        sut.etcd.faults.push(...Array.from({ length: 20 }, () => 'unavailable' as const));
    });

    const [before, after] = [sut.limits.slice(60, 100), sut.limits.slice(100)];
    expect(Math.max(...before)).toBe(20);
    expect(Math.min(...after)).toBe(4);
  });

  it('takes answers to fewer than may be for how fast etcd is, not for a reason to send more', () => {
    const sut = new InflightLimit(4, 20);
    for (let i = 0; i < 200; i++) sut.answered(5, false);
    expect(sut.current).toBe(4);

    for (let i = 0; i < 200; i++) sut.answered(60, true);
    expect(sut.current).toBe(4);
  });

  it('holds when answers take no time', () => {
    const sut = new InflightLimit(4, 20);
    for (let i = 0; i < 200; i++) sut.answered(0, true);
    expect(sut.current).toBe(20);
  });
});

/** @returns when a transaction that arrives at `now` is answered, ms; `last` is when the one before it is. */
type Etcd = (now: number, last: number) => number;

const slowDisk: Etcd = (now) => now + 20;
const oneByOne: Etcd = (now, last) => Math.max(now, last) + 2;

/** A writer, and an etcd that takes time by a clock of its own. */
class TimedLab {
  readonly etcd = new FakeEtcd();
  mostAtOnce = 0;
  /** The limit at each transaction. */
  readonly limits: number[] = [];
  private onTransaction: (count: number) => void = () => undefined;
  private now = 1;
  private last = 0;
  private readonly underWay: { readonly at: number; readonly answer: () => void }[] = [];
  private readonly lab: MirrorLab;
  private started: Promise<unknown> | undefined;
  private stopped = false;

  constructor(maxInflight: number, answerAt: Etcd) {
    this.etcd.beforeTxn = () => {
      this.limits.push(this.limit);
      this.onTransaction(this.etcd.transactions);
      this.last = answerAt(this.now, this.last);
      return new Promise((answer) => {
        this.underWay.push({ at: this.last, answer });
        this.mostAtOnce = Math.max(this.mostAtOnce, this.underWay.length);
      });
    };
    const clock = { ...systemClock, monotonic: () => this.now };
    this.lab = new MirrorLab(this.etcd, { maxInflight, clock });
    this.pass();
  }

  get limit(): number {
    return this.lab.writer.stageStatus()[0]?.counts['inFlightLimit'] ?? NaN;
  }

  /** Writes so many keys and waits until they are stored. */
  async write(keys: number, name = 'key', bytes = 1, onTransaction?: (count: number) => void): Promise<void> {
    if (onTransaction) this.onTransaction = onTransaction;
    await (this.started ??= this.lab.start());
    const value = '1'.repeat(bytes);
    for (let i = 0; i < keys; i++) this.lab.set(this.lab.a, `${name}-${i}`, { [`${name}-${i}`]: value });
    await this.lab.quiet();
  }

  async stop(): Promise<void> {
    await this.lab.stop();
    this.stopped = true;
  }

  /** Time goes on to the next answer whenever all that can happen now has happened. */
  private pass(): void {
    if (this.stopped) return;
    setImmediate(() => {
      this.underWay.sort((x, y) => x.at - y.at);
      const next = this.underWay.shift();
      if (next) {
        this.now = Math.max(this.now, next.at);
        next.answer();
      } else this.now++;
      this.pass();
    });
  }
}

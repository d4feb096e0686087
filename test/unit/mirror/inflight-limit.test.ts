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

    expect(sut.mostAtOnce).toBeGreaterThanOrEqual(4);
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

  it('never exceeds etcd.maxInflight, nor falls below one', async () => {
    const sut = lab(2, slowDisk);
    await sut.write(5_000);

    expect(sut.mostAtOnce).toBe(2);
    const one = new InflightLimit(1, 1);
    one.answered(10, true);
    one.answered(1000, true);
    expect(one.current).toBe(1);
  });

  it('starts anew after a failure', () => {
    const sut = new InflightLimit(4, 20);
    for (let i = 0; i < 200; i++) sut.answered(20, true);
    expect(sut.current).toBe(20);

    sut.reset();

    expect(sut.current).toBe(4);
    for (let i = 0; i < 200; i++) sut.answered(100, true);
    expect(sut.current).toBe(20);
  });
});

/** @returns when a transaction that arrives at `now` is answered, ms; `last` is when the one before it is. */
type Etcd = (now: number, last: number) => number;

const slowDisk: Etcd = (now) => now + 20;
const oneByOne: Etcd = (now, last) => Math.max(now, last) + 2;

/** A writer, and an etcd that takes time by a clock of its own. */
class TimedLab {
  mostAtOnce = 0;
  private now = 1;
  private last = 0;
  private readonly underWay: { readonly at: number; readonly answer: () => void }[] = [];
  private readonly lab: MirrorLab;
  private started: Promise<unknown> | undefined;
  private stopped = false;

  constructor(maxInflight: number, answerAt: Etcd) {
    const etcd = new FakeEtcd();
    etcd.beforeTxn = () => {
      this.last = answerAt(this.now, this.last);
      return new Promise((answer) => {
        this.underWay.push({ at: this.last, answer });
        this.mostAtOnce = Math.max(this.mostAtOnce, this.underWay.length);
      });
    };
    this.lab = new MirrorLab(etcd, { maxInflight, clock: { ...systemClock, monotonic: () => this.now } });
    this.pass();
  }

  get limit(): number {
    return this.lab.writer.stageStatus()[0]?.counts['inFlightLimit'] ?? NaN;
  }

  /** Writes so many keys and waits until they are stored. */
  async write(keys: number, name = 'key'): Promise<void> {
    await (this.started ??= this.lab.start());
    for (let i = 0; i < keys; i++) this.lab.set(this.lab.a, `${name}-${i}`, { [`${name}-${i}`]: '1' });
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
      }
      this.pass();
    });
  }
}

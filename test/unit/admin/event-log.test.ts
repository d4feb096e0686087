import { describe, expect, it } from 'vitest';
import type { EventDraft } from '../../../src/modules/admin/events/admin-event.js';
import { EventDamper } from '../../../src/modules/admin/events/event-damper.js';
import { EventLog } from '../../../src/modules/admin/events/event-log.js';
import { EventRing } from '../../../src/modules/admin/events/event-ring.js';
import { ManualClock } from '../common/manual-clock.js';

const draft = (subject: string, at = 0, count = 1): EventDraft => ({
  kind: 'drift',
  level: 'warning',
  subject,
  text: `of ${at}`,
  at,
  count,
  topic: subject,
});

describe(EventRing, () => {
  it('keeps the latest, and tells a reader what it has not seen and what it never will', () => {
    const sut = new EventRing('boot', 3);
    for (let n = 1; n <= 5; n++) sut.append(draft(`s${n}`));

    expect(sut.all().map(({ id }) => id)).toEqual(['boot.3', 'boot.4', 'boot.5']);
    expect(sut.after('boot.4')).toMatchObject({ events: [{ id: 'boot.5' }], missed: 0 });
    expect(sut.after('boot.5')).toEqual({ events: [], missed: 0 });
    expect(sut.after('boot.1')).toMatchObject({ events: [{}, {}, {}], missed: 1 });
    expect(sut.all()[0]).not.toHaveProperty('topic');
  });

  it.each([undefined, '', 'other.4', 'boot', 'boot.x', 'boot.-1', 'boot.99', 'boot.1e3'])(
    'gives everything to a reader that knows %s',
    (id) => {
      const sut = new EventRing('boot', 3);
      for (let n = 1; n <= 2; n++) sut.append(draft(`s${n}`));
      expect(sut.after(id)).toMatchObject({ events: [{}, {}], missed: 0 });
    },
  );

  it('is bounded in memory, whatever happens', () => {
    const sut = new EventRing('boot');
    for (let n = 0; n < 20_000; n++) sut.append({ ...draft(`s${n}`), error: 'e'.repeat(500) });
    const bytes = JSON.stringify(sut.all()).length;
    expect(sut.all()).toHaveLength(500);
    expect(bytes).toBeLessThan(500 * 700);
  });

  it('calls who listens, until they do not', () => {
    const sut = new EventRing('boot');
    const heard: string[] = [];
    const stop = sut.listen(({ id }) => heard.push(id));
    sut.append(draft('a'));
    stop();
    sut.append(draft('b'));
    expect(heard).toEqual(['boot.1']);
  });
});

describe(EventDamper, () => {
  it('lets the first of a topic pass and makes one of those that follow', () => {
    const sut = new EventDamper();
    expect(sut.offer(draft('a', 1), 1)).toBeDefined();
    for (let at = 2; at < 9; at++) expect(sut.offer(draft('a', at, 2), at)).toBeUndefined();
    expect(sut.offer(draft('b', 5), 5)).toBeDefined();

    expect(sut.due(10_000)).toEqual([]);
    expect(sut.due(10_001)).toEqual([{ ...draft('a', 8), at: 2, count: 14 }]);
  });

  it('holds what goes on and on for longer and longer, up to 5 min', () => {
    const sut = new EventDamper();
    const passed: number[] = [];
    for (let second = 0; second < 3600; second++) {
      if (sut.offer(draft('a', second), second * 1000)) passed.push(second);
      if (sut.due(second * 1000).length > 0) passed.push(second);
    }
    expect(passed.length).toBeLessThan(20);
    expect(passed.slice(0, 4)).toEqual([0, 10, 30, 70]);
    expect(passed.at(-1)! - passed.at(-2)!).toBe(300);
  });

  it('forgets a topic that is calm', () => {
    const sut = new EventDamper();
    sut.offer(draft('a'), 0);
    sut.due(10_000);
    expect(sut.size).toBe(0);
    expect(sut.offer(draft('a'), 10_001)).toBeDefined();
  });
});

describe(EventLog, () => {
  it('loses no count of what it holds back', async () => {
    const clock = new ManualClock();
    const ring = new EventRing('boot');
    const sut = new EventLog(ring, clock);
    for (let second = 0; second < 60; second++) {
      sut.record(draft('a', second));
      sut.release();
      await clock.advance(1000);
    }
    await clock.advance(300_000);
    sut.release();
    expect(ring.all().reduce((sum, { count }) => sum + count, 0)).toBe(60);
  });
});

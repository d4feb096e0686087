import fc from 'fast-check';
import { expect, it } from 'vitest';
import { candidate, FakeLease, type Weather } from '../../support/lease-lab.js';
import { ManualClock } from '../../unit/common/manual-clock.js';

const names = ['east', 'west', 'north'];

/** A second of each step: the weather of each candidate, and who is killed and started anew. */
const step = fc.record({
  seconds: fc.integer({ min: 1, max: 12 }),
  weather: fc.array(fc.constantFrom<Weather>('fine', 'fine', 'lost', 'refused'), {
    minLength: 3,
    maxLength: 3,
  }),
  restart: fc.option(fc.integer({ min: 0, max: 2 })),
  stall: fc.boolean(),
});

it('never has two leaders, whatever is lost, refused, stalled or killed', async () => {
  let led = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const [clock, lease] = [new ManualClock(), new FakeLease()];
      let lives = 0;
      const start = (name: string) => {
        const election = candidate(lease, name, clock, () => (lives++ % 5) / 5);
        const stop = new AbortController();
        void election
          .acquire(stop.signal)
          .then(() => election.hold(stop.signal))
          .catch(() => undefined);
        return { election, stop };
      };
      const runs = names.map(start);
      const check = () => {
        const leaders = runs.filter(({ election }) => election.isLeading()).length;
        expect(leaders).toBeLessThanOrEqual(1);
        led += leaders;
      };
      for (const { seconds, weather, restart, stall } of steps) {
        lease.weather = (identity) => weather[names.indexOf(identity.split('/')[0] ?? '')] ?? 'fine';
        if (restart !== null) {
          // The killed one leads no more and releases nothing; the new one is another candidate.
          runs[restart]?.stop.abort();
          runs[restart] = start(`${names[restart] ?? ''}/${String(lives++)}`);
        }
        if (stall) clock.stall(1_500);
        check();
        for (let second = 0; second < seconds; second++) {
          await clock.advance(1_000);
          check();
        }
      }
      for (const { stop } of runs) stop.abort();
      await clock.advance(0);
    }),
    { numRuns: 60 },
  );
  expect(led).toBeGreaterThan(0);
});

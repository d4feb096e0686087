import { expect, it } from 'vitest';
import { Readiness } from '../../../src/modules/health/readiness.js';
import { ManualClock } from '../common/manual-clock.js';

const waiting = { scope: 'ip/v1', ready: false, waitingFor: 'the first list', since: 0 };

it('a standby is ready, and stays so when it leads; one that knows of no leader yet is not', () => {
  let standby = false;
  const source = { readiness: () => [waiting] };
  const readiness = new Readiness([source], new ManualClock(), { isStandby: () => standby });
  expect(readiness.isReady()).toBe(false);
  standby = true;
  expect(readiness.isReady()).toBe(true);
  standby = false;
  expect(readiness.isReady()).toBe(true);
});

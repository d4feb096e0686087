import { expect, it } from 'vitest';
import { CauseLog } from '../../../src/modules/etcd/cause-log.js';
import { type LogLine, recordingLog } from '../../support/recording-log.js';
import { ManualClock } from '../common/manual-clock.js';

it('warns of each cause at once, and of the same after 1, 3, 7 … minutes, then every half hour', async () => {
  const clock = new ManualClock();
  const lines: LogLine[] = [];
  const causes = new CauseLog(recordingLog(lines), clock);
  const warnedAt: number[] = [];
  for (let minute = 0; minute <= 130; minute += 0.5) {
    const before = lines.length;
    causes.warn('Unable to connect', { error: new Error('refused') });
    if (lines.length > before) warnedAt.push(minute);
    await clock.advance(30_000);
  }
  expect(warnedAt).toEqual([0, 1, 3, 7, 15, 31, 61, 91, 121]);
  causes.warn('Unable to connect', { error: new Error('another cause') });
  expect(lines).toHaveLength(10);
  causes.warn('Unable to connect', {
    error: new Error('Deadline exceeded after 5.001s,name resolution: 0.002s'),
  });
  causes.warn('Unable to connect', {
    error: new Error('Deadline exceeded after 5.003s,name resolution: 0.000s'),
  });
  expect(lines).toHaveLength(11);
  causes.reset();
  causes.warn('Unable to connect', { error: new Error('refused') });
  expect(lines).toHaveLength(12);
  expect(lines[0]).toMatchObject({ level: 'warn', message: 'Unable to connect' });
});

it('takes no duration, no time and no new wording without end for a new cause', () => {
  const lines: LogLine[] = [];
  const causes = new CauseLog(recordingLog(lines), new ManualClock());
  const warn = (text: string): void => causes.warn('Unable to connect', { error: new Error(text) });
  warn('Failed to connect (2026-11-30T08:08:48.815Z)');
  warn('Failed to connect (2026-11-30T08:09:18.020Z)');
  warn('the watch was silent for 30012 ms');
  warn('the watch was silent for 30951 ms');
  expect(lines).toHaveLength(2);
  for (let n = 0; n < 1000; n++) warn(`no. ${n}`);
  expect(lines).toHaveLength(21);
  warn('Failed to connect (2026-11-30T08:19:18.020Z)');
  expect(lines).toHaveLength(21);
});

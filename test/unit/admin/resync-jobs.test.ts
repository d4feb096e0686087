import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/common/clock.js';
import { silentLog } from '../../../src/common/log.js';
import type { ResyncRequest } from '../../../src/modules/mirror/mirror-api.js';
import { ResyncJobs } from '../../../src/modules/admin/resync/resync-jobs.js';
import { eventually } from '../../support/eventually.js';

const report = { dryRun: false, durationMs: 1, scopes: [] };

class Lab {
  readonly started: ResyncRequest[] = [];
  readonly waiting: (() => void)[] = [];
  private ids = 0;
  readonly jobs = new ResyncJobs({
    clock: systemClock,
    log: silentLog,
    newId: () => String(this.ids++),
    mirror: {
      resync: (request, signal) => {
        this.started.push(request);
        return new Promise((resolve, reject) => {
          this.waiting.push(() => resolve(report));
          signal.addEventListener('abort', () => reject(new Error('shutting down')));
        });
      },
    },
  });

  async finishNext(): Promise<void> {
    const finish = await eventually(() => this.waiting.shift());
    finish();
  }

  states(): string[] {
    return this.jobs.list().map((job) => `${job.id} ${job.state}`);
  }
}

describe(ResyncJobs, () => {
  it('runs one at a time, in order', async () => {
    const lab = new Lab();
    lab.jobs.submit({ dryRun: false });
    lab.jobs.submit({ dryRun: true });
    await eventually(() => lab.started.length === 1);

    expect(lab.states()).toEqual(['1 queued', '0 running']);
    await lab.finishNext();
    await eventually(() => lab.started.length === 2);
    expect(lab.states()).toEqual(['1 running', '0 done']);
    await lab.finishNext();
    await eventually(() => lab.states()[0] === '1 done');
  });

  it('returns the queued job that does the same, whatever the order of its scopes', async () => {
    const lab = new Lab();
    lab.jobs.submit({ dryRun: false });
    await eventually(() => lab.started.length === 1);

    const first = lab.jobs.submit({ scopes: ['b', 'a'], dryRun: false });
    const again = lab.jobs.submit({ scopes: ['a', 'b', 'a'], dryRun: false });
    const dry = lab.jobs.submit({ scopes: ['a', 'b'], dryRun: true });

    expect(again).toBe(first);
    expect(dry?.id).not.toBe(first?.id);
    await lab.jobs.onModuleDestroy();
  });

  it('queues another one when the same is running already', async () => {
    const lab = new Lab();
    lab.jobs.submit({ dryRun: false });
    await eventually(() => lab.started.length === 1);

    expect(lab.jobs.submit({ dryRun: false })?.id).toBe('1');
    await lab.jobs.onModuleDestroy();
  });

  it('keeps the last 20 that are finished', async () => {
    const lab = new Lab();
    for (let at = 0; at < 25; at++) {
      const id = lab.jobs.submit({ dryRun: false })!.id;
      await lab.finishNext();
      await eventually(() => lab.jobs.get(id)?.state === 'done');
    }

    await eventually(() => lab.jobs.list().length === 20);
    expect(lab.jobs.list().at(-1)?.id).toBe('5');
    expect(lab.jobs.get('4')).toBeUndefined();
  });

  it('aborts on shutdown, starts no other, and takes no more', async () => {
    const lab = new Lab();
    lab.jobs.submit({ dryRun: false });
    lab.jobs.submit({ dryRun: true });
    await eventually(() => lab.started.length === 1);

    await lab.jobs.onModuleDestroy();

    expect(lab.started).toHaveLength(1);
    expect(lab.jobs.get('0')).toMatchObject({ state: 'failed', error: 'shutting down' });
    expect(lab.jobs.submit({ scopes: ['a'], dryRun: false })).toBeUndefined();
  });
});

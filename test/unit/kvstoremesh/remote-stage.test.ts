import { describe, expect, it } from 'vitest';
import { RemoteStage } from '../../../src/modules/kvstoremesh/remote-stage.js';

describe(RemoteStage, () => {
  it('stays where it failed while retries are on their way there, and goes on from there', () => {
    let now = 0;
    const stage = new RemoteStage(() => now);
    const attempt = (...reached: Parameters<RemoteStage['enter']>[0][]): void => {
      for (const name of ['queued', 'files', ...reached] as const) {
        now++;
        stage.enter(name);
      }
    };
    attempt('resolve', 'tcp');
    stage.stuck(new Error('refused'));
    const since = stage.since;

    attempt('resolve', 'tcp');
    stage.stuck(new Error('refused again'));
    expect([stage.name, stage.since, stage.lastError?.message]).toEqual(['tcp', since, 'refused again']);

    attempt('resolve');
    stage.stuck(new Error('no such host'));
    expect(stage.name).toBe('resolve');

    attempt('resolve', 'tcp', 'auth', 'heartbeat', 'config', 'syncing', 'ready');
    expect(stage.name).toBe('ready');
    expect([...stage.errors.keys()]).toEqual(['tcp', 'resolve']);

    stage.failed(new Error('lost'));
    stage.restart();
    expect([stage.name, stage.errors.get('ready')?.message]).toEqual(['queued', 'lost']);
  });
});

import { execFileSync } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EtcdInit } from '../../../src/modules/etcd-init/etcd-init.js';
import { startEtcd } from '../../support/etcd.js';
import { EtcdInitLab } from '../../support/etcd-init-lab.js';
import { eventually } from '../../support/eventually.js';

describe(EtcdInit.name, () => {
  let lab: EtcdInitLab;
  beforeEach(async () => {
    lab = await EtcdInitLab.create();
  });
  afterEach(() => lab.remove());

  const put = (name: string): Promise<void> => writeFile(join(lab.dataDir, name), 'x');
  const failure = async (run: Promise<void>): Promise<{ message: string; exitCode: number }> => {
    const error: unknown = await run.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: 'StartError', prefixed: false });
    return error as { message: string; exitCode: number };
  };
  /** etcd processes with our data directory. */
  const children = (): string[] =>
    execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(`--data-dir=${lab.dataDir}`));

  it('leaves nothing but etcd data behind, and no etcd', async () => {
    await lab.run();

    expect(await readdir(lab.dataDir)).toEqual(['member']);
    expect(children()).toEqual([]);
    expect(lab.errors).toEqual([]);
  });

  it('throws away what an etcd left, and does not touch lost+found', async () => {
    await mkdir(join(lab.dataDir, 'member', 'snap', 'deep'), { recursive: true });
    await mkdir(join(lab.dataDir, 'lost+found'));

    await lab.run();

    expect((await readdir(lab.dataDir)).toSorted()).toEqual(['lost+found', 'member']);
    expect((await readdir(join(lab.dataDir, 'member', 'snap'))).includes('deep')).toBe(false);
  });

  for (const name of ['notes.txt', '.hidden', 'wal']) {
    it(`refuses a directory with ${name} in it, unless told to remove everything`, async () => {
      await put(name);

      const { message, exitCode } = await failure(lab.run());

      expect(exitCode).toBe(255);
      expect(message).toContain(JSON.stringify(name));
      expect(message).toContain('--force');
      expect(await readdir(lab.dataDir)).toEqual([name]);
      await lab.run({ force: true });
      expect(await readdir(lab.dataDir)).toEqual(['member']);
    });
  }

  it('refuses a directory that is not there', async () => {
    const { message, exitCode } = await failure(lab.run({ dataDir: join(lab.dataDir, 'nope') }));

    expect(exitCode).toBe(255);
    expect(message).toContain('no such file or directory');
  });

  for (const etcdBinary of ['/nope/etcd', '/etc/passwd', '/usr/bin']) {
    it(`removes nothing when ${etcdBinary} cannot be run`, async () => {
      await mkdir(join(lab.dataDir, 'member'));

      const { message, exitCode } = await failure(lab.run({ etcdBinary }));

      expect(exitCode).toBe(255);
      expect(message).toContain(`etcd binary ${etcdBinary}`);
      expect(await readdir(lab.dataDir)).toEqual(['member']);
    });
  }

  it('does not touch an etcd that is there already', async () => {
    const stranger = await startEtcd({ port: lab.ports.client });
    await mkdir(join(lab.dataDir, 'member'));
    try {
      const { message, exitCode } = await failure(lab.run());

      expect(exitCode).toBe(255);
      expect(message).toContain(`port ${lab.ports.client} of localhost`);
      expect(await stranger.client().list('cilium')).toEqual([]);
      expect((await (await stranger.client().etcd3()).auth.userList()).users).toEqual([]);
      expect(await readdir(lab.dataDir)).toEqual(['member']);
    } finally {
      await stranger.stop();
    }
  });

  for (const host of ['127.0.0.1', '::1']) {
    it(`refuses when somebody listens on ${host} only`, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(lab.ports.client, host, resolve));

      const { message } = await failure(lab.run());

      await new Promise((resolve) => server.close(resolve));
      expect(message).toContain('something listens');
      expect(await readdir(lab.dataDir)).toEqual([]);
    });
  }

  it('notices at once that etcd has died, and shows what it said', async () => {
    const started = performance.now();

    const { message, exitCode } = await failure(lab.run({ etcdArgs: ['--no-such-flag'], timeoutMs: 60_000 }));

    expect(exitCode).toBe(255);
    expect(message).toMatch(/etcd exited with code [12]$/);
    expect(lab.errors.join('\n')).toContain('no-such-flag');
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('names the timeout when the time is over, and ends what it started', async () => {
    const script = join(lab.dataDir, '..', 'silent-etcd');
    await writeFile(script, '#!/bin/sh\nexec sleep 60 "$@"\n', { mode: 0o755 });

    const { message, exitCode } = await failure(
      lab.run({ etcdBinary: script, etcdArgs: ['61'], timeoutMs: 300 }),
    );

    expect(exitCode).toBe(255);
    expect(message).toContain('context deadline exceeded');
    expect(message).toContain('300ms');
    expect(message).toContain('--timeout or CILIUM_TIMEOUT');
  });

  it('ends etcd when it is interrupted', async () => {
    const stop = new AbortController();
    const run = failure(lab.init().run(stop.signal));
    await eventually(() => children().length > 0);
    stop.abort();

    expect((await run).message).toContain('interrupted');
    expect(children()).toEqual([]);
  });
});

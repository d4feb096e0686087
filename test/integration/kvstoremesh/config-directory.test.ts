import { mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/common/clock.js';
import { ConfigDirectory } from '../../../src/modules/kvstoremesh/config-directory.js';
import { eventually } from '../../support/eventually.js';
import { type LogLine, recordingLog } from '../../support/recording-log.js';

const good = 'endpoints:\n- http://127.0.0.1:1\n';

describe(ConfigDirectory, () => {
  let path: string;
  let events: string[];
  let lines: LogLine[];
  let end: AbortController;
  let over: Promise<void> | undefined;

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'config-'));
    events = [];
    lines = [];
    end = new AbortController();
    over = undefined;
  });

  afterEach(async () => {
    end.abort();
    await over;
    await rm(path, { recursive: true, force: true });
  });

  const file = (name: string): string => join(path, name);
  const directory = (
    times: { pollMs?: number; graceMs?: number; uselessGraceMs?: number } = {},
  ): ConfigDirectory =>
    new ConfigDirectory({
      path,
      ownCluster: 'own',
      clock: systemClock,
      log: recordingLog(lines),
      listener: {
        added: (name) => void events.push(`+${name}`),
        changed: (name) => void events.push(`~${name}`),
        removed: (name) => void events.push(`-${name}`),
      },
      pollMs: 50,
      graceMs: 300,
      ...times,
    });
  const watched = async (times?: Parameters<typeof directory>[0]): Promise<ConfigDirectory> => {
    const sut = directory(times);
    await sut.open();
    over = sut.run(end.signal);
    return sut;
  };
  const expectEvents = (...expected: readonly string[]) =>
    eventually(() => events.join() === expected.join(), { what: `${expected.join()} (${events.join()})` });

  it('takes what has endpoints in it, but for our own and what is no file', async () => {
    await writeFile(file('east'), good);
    await writeFile(file('.hidden'), `# ${good}`);
    await writeFile(file('own'), good);
    await writeFile(file('ca.crt'), '-----BEGIN CERTIFICATE-----');
    await mkdir(file('folder'));
    await writeFile(join(file('folder'), 'west'), good);
    await symlink('nowhere', file('dangling'));
    await symlink('east', file('north'));
    const sut = directory();
    await sut.open();

    expect(events.toSorted()).toEqual(['+.hidden', '+east', '+north']);
    expect(sut.stageStatus()[0]).toMatchObject({
      state: 'readable',
      counts: { clusters: 3, missingFiles: 0, uselessFiles: 0, ownFiles: 1 },
    });
  });

  it('warns of a file that is named as our own cluster, once each time that it comes', async () => {
    const own = () => lines.filter(({ fields }) => fields['clusterName'] === 'own').map(({ level }) => level);
    await writeFile(file('own'), 'no cluster');
    const sut = await watched();
    expect(sut.namesOwnCluster).toBe(false);
    await writeFile(file('own'), good);
    await eventually(() => sut.namesOwnCluster);
    await writeFile(file('east'), good);
    await expectEvents('+east');
    expect(own()).toEqual(['warn']);
    expect(sut.stageStatus()[0]?.details?.['warnings']).toBe(
      'not followed, as it is named like our own cluster: own',
    );
    await rm(file('own'));
    await eventually(() => !sut.namesOwnCluster);
    expect(sut.stageStatus()[0]).toMatchObject({ counts: { ownFiles: 0 }, details: { path } });
    await writeFile(file('own'), good);
    await eventually(() => sut.namesOwnCluster);

    expect(own()).toEqual(['warn', 'warn']);
    expect(events).toEqual(['+east']);
  });

  it('follows files that come, change and go; equal content is no change', async () => {
    await watched();
    await writeFile(file('east'), good);
    await expectEvents('+east');
    await writeFile(file('east'), good);
    await writeFile(file('east'), `${good}# changed\n`);
    await expectEvents('+east', '~east');
    await rm(file('east'));
    await expectEvents('+east', '~east', '-east');
    await writeFile(file('west'), good);

    await expectEvents('+east', '~east', '-east', '+west');
  });

  it('notices a changed target that no hint of the directory tells of', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'target-'));
    await writeFile(join(elsewhere, 'east'), good);
    await symlink(join(elsewhere, 'east'), file('east'));
    await watched();
    await writeFile(join(elsewhere, 'east'), `${good}#\n`);
    await expectEvents('+east', '~east');
    await rm(elsewhere, { recursive: true });

    await expectEvents('+east', '~east', '-east');
  });

  it('waits until what is gone stays gone', async () => {
    await writeFile(file('east'), good);
    const sut = await watched({ graceMs: 60_000 });
    const missing = () => sut.stageStatus()[0]?.counts['missingFiles'];
    await rm(file('east'));
    await eventually(() => missing() === 1);
    await writeFile(file('east'), good);
    await eventually(() => missing() === 0);
    await rm(file('east'));
    await eventually(() => missing() === 1);
    await writeFile(file('east'), `${good}#\n`);
    await eventually(() => missing() === 0);

    expect(events).toEqual(['+east', '~east']);
  });

  it('waits longer for a file that is there and useless than for one that is gone, and says which it is', async () => {
    await writeFile(file('east'), good);
    await writeFile(file('west'), good);
    const sut = await watched({ graceMs: 50, uselessGraceMs: 60_000 });
    const useless = () => sut.stageStatus()[0]?.counts['uselessFiles'];
    const graceOver = () => new Promise((resolve) => setTimeout(resolve, 500));
    await truncate(file('west'));
    await eventually(() => useless() === 1);
    await graceOver();
    expect(sut.stageStatus()[0]).toMatchObject({
      counts: { clusters: 2, missingFiles: 0, uselessFiles: 1 },
      details: { warnings: 'useless: west' },
    });
    await writeFile(file('west'), `${good}#\n`);
    await expectEvents('+east', '+west', '~west');
    await writeFile(file('west'), 'half of what it shall b');
    await eventually(() => useless() === 1);
    await rm(file('west'));
    await expectEvents('+east', '+west', '~west', '-west');
    await rm(file('east'));
    await mkdir(file('east'));
    await eventually(() => useless() === 1, { what: 'what cannot be read to count as useless' });

    expect(sut.stageStatus()[0]?.details).toEqual({ path, warnings: 'useless: east' });
    const warned = lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields['clusterName']);
    expect(warned).toEqual(['west', 'west', 'east']);
  });

  it('gives up a file that stays useless', async () => {
    await writeFile(file('east'), good);
    const sut = await watched({ graceMs: 60_000, uselessGraceMs: 300 });
    await writeFile(file('east'), 'nothing of use');
    await expectEvents('+east', '-east');

    expect(sut.stageStatus()[0]).toMatchObject({
      counts: { clusters: 0, uselessFiles: 0 },
      details: { path },
    });
  });

  it('changes nothing while the directory itself cannot be read, and says so', async () => {
    await writeFile(file('east'), good);
    const sut = await watched({ graceMs: 50 });
    await rename(path, `${path}.away`);
    await eventually(() => sut.stageStatus()[0]?.state === 'unreadable');
    expect(sut.stageStatus()[0]).toMatchObject({ healthy: false, counts: { clusters: 1, missingFiles: 0 } });
    expect(sut.stageStatus()[0]?.lastError?.message).toMatch(/ENOENT/);
    await rename(`${path}.away`, path);
    await eventually(() => sut.stageStatus()[0]?.state === 'readable');

    expect(events).toEqual(['+east']);
  });

  it('does not start without a directory', async () => {
    await expect(directory().open()).resolves.toBeUndefined();
    await rm(path, { recursive: true });
    await expect(directory().open()).rejects.toThrow(
      `cannot read the ClusterMesh configuration directory "${path}"`,
    );
    await writeFile(path, '');
    await expect(directory().open()).rejects.toThrow('is no directory');
  });
});

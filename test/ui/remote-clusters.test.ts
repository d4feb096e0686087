import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEtcd, type TestEtcd } from '../support/etcd.js';
import { eventually } from '../support/eventually.js';
import { clusterKeys, endpoints } from '../support/mesh-lab.js';
import { PageLab } from '../support/page-lab.js';

/** A valid name of a file, and so of a cluster, as whoever writes the directory likes. */
const hostile = '<img src=x onerror=document.title=1>';

describe('status page of kvstoremesh', () => {
  let lab: PageLab;
  let remote: TestEtcd;
  let directory: string;
  let page: Page;
  beforeAll(async () => {
    [lab, remote] = await Promise.all([PageLab.start(), startEtcd()]);
    for (const [key, value] of Object.entries(clusterKeys('west', 7))) await remote.client().put(key, value);
    directory = await mkdtemp(join(tmpdir(), 'page-'));
    await writeFile(join(directory, 'west'), endpoints(remote.endpoint));
    await writeFile(join(directory, hostile), endpoints('http://127.0.0.1:1'));
    await lab.launch({ command: 'kvstoremesh', args: [`--clustermesh-config=${directory}`] });
    page = await lab.open();
  });
  afterAll(async () => {
    await lab.stop();
    await remote.stop();
    await rm(directory, { recursive: true });
  });

  const text = async (selector: string): Promise<string> => (await page.textContent(selector)) ?? '';
  const west = 'tbody[data-key="remote/west"] tr:first-child';

  it('shows each remote cluster: where it is, what it holds, and why it does not go on', async () => {
    await eventually(async () => (await text(west)).includes('ready'), { timeoutMs: 30_000 });

    const cells = await page.locator(`${west} > *`).allTextContents();
    expect(cells.map((cell) => cell.trim())).toEqual([
      'west',
      'ready',
      expect.stringMatching(/now| s/),
      '1',
      '1',
      '1',
      '1',
      'live',
      '0',
    ]);
    // The other one holds readiness back for its first 15 s.
    const followed = async (): Promise<boolean> =>
      (await text('#verdict-title')).startsWith('1 of 2 remote clusters not followed');
    await eventually(followed, { timeoutMs: 30_000 });
    expect(await text('#clusters')).toMatch(/tcp.*ECONNREFUSED/s);
    expect(await page.isHidden('#resync')).toBe(true);
  });

  it('takes names and errors as text, whatever they are', async () => {
    expect(await text('#clusters')).toContain(hostile);
    await eventually(async () => (await text('#verdict-detail')).includes(hostile));
    expect(await page.locator('main img').count()).toBe(0);
    expect(lab.complaints).toEqual([]);
  });

  it('finds a cluster, and those with trouble', async () => {
    const shown = (): Promise<number> => page.locator('#clusters tbody').count();
    await page.fill('#clusters-filter', 'wes');
    expect(await shown()).toBe(1);
    await page.fill('#clusters-filter', '');
    await page.check('#clusters-trouble');
    expect(await page.locator('#clusters tbody').allTextContents()).toEqual([
      expect.stringContaining(hostile),
    ]);
    await page.uncheck('#clusters-trouble');
    expect(await shown()).toBe(2);
  });

  it('shows that a remote cluster is lost, for how long, and that it is back', async () => {
    await remote.kill();
    await eventually(async () => !(await text(west)).includes('ready'), { timeoutMs: 15_000 });
    await eventually(async () => /\d+ s/.test(await text(`${west} td:nth-child(8)`)));
    await remote.restart();
    await eventually(async () => (await text(west)).includes('ready'), { timeoutMs: 30_000 });
    await eventually(async () => /remote\/west\s+\w+ → ready/.test(await text('#events')));
    expect(await text(`${west} td:nth-child(8)`)).toBe('live');
  });
});

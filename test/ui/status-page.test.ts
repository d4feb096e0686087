import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { PageLab } from '../support/page-lab.js';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

describe('status page', () => {
  let lab: PageLab;
  let page: Page;
  beforeAll(async () => {
    lab = await PageLab.start();
    await lab.launch();
    await lab.program.waitReady();
  });
  afterAll(() => lab.stop());
  beforeEach(async () => {
    page = await lab.open();
    await verdict(/^Healthy$/);
  });
  afterEach(async () => {
    await page.close();
    // Nothing inline, nothing foreign, no script that fails.
    expect(lab.complaints).toEqual([]);
  });

  const text = async (selector: string): Promise<string> => (await page.textContent(selector)) ?? '';
  const verdict = (pattern: RegExp, timeoutMs = 15_000): Promise<unknown> =>
    eventually(async () => pattern.test(await text('#verdict-title')), {
      timeoutMs,
      what: `verdict ${String(pattern)}`,
    });
  const row = (name: string): string => `tbody[data-key="${name}"] tr:first-child`;

  it('shows that everything is in sync', async () => {
    await eventually(async () => (await text('#verdict-detail')).includes('All 88 keys are in etcd'));

    expect(await page.title()).toBe('✓ east · clustermesh');
    expect(await text('#cluster')).toBe('east (id 3)');
    for (const [scope, keys] of [
      ['identities/v1', '20'],
      ['nodes/v1', '3'],
      ['ip/v1', '60'],
      ['services/v1', '5'],
    ] as const) {
      const cells = await page.locator(`#scopes tr[data-key="${scope}"] > *`).allTextContents();
      expect(cells.map((cell) => cell.trim())).toEqual([scope, 'in sync', keys, '0', '0', '0', 'written']);
    }
    expect(await text('#connections')).toContain(lab.etcd.endpoint);
    expect(await text('#live')).toContain('live');
    // A page that is opened in the very second sees the state before the server has looked for what to tell of it.
    for (const event of ['ready: everything is synchronized, 88 keys', 'identities/v1 the canary is written'])
      await eventually(async () => (await text('#events')).includes(event), { what: event });
  });

  it('follows what changes without being loaded again', async () => {
    const { version, object } = oneNode('late');
    lab.kube.apply(object);
    await eventually(async () => (await text('#scopes tr[data-key="nodes/v1"]')).includes('4'));
    lab.kube.delete({ apiVersion: version, kind: 'CiliumNode', metadata: { name: 'late' } });
    await eventually(async () => (await text('#scopes tr[data-key="nodes/v1"] td.number')) === '3');
    expect(await text('#live')).toContain('live');
  });

  it('shows within seconds that etcd is gone, since when and why, and that it is back', async () => {
    await lab.etcd.kill();
    try {
      await verdict(/^Not healthy: etcd\/connection/, 10_000);
      const why = /etcd\/connection has been disconnected for .*(ECONNREFUSED|dropped)/;
      await eventually(async () => why.test(await text('#verdict-detail')));
      expect(await page.title()).toMatch(/^✕/);
      expect(await text(row('etcd/connection'))).toContain('disconnected');
    } finally {
      await lab.etcd.restart();
    }
    await verdict(/^Healthy$/, 30_000);
    await eventually(async () => /etcd\/connection\s+disconnected → connected/.test(await text('#events')));
  });

  it('tells of keys that somebody else deleted', async () => {
    const [first] = [...(await lab.etcd.client().list('cilium/state/nodes/'))];
    await lab.etcd.client().delete(first![0]);

    await eventually(async () => (await text('#events')).includes('deleted by somebody else, written again'));
    expect(await text('#events')).toContain(first![0]);
  });

  it('compares, and names what is foreign', async () => {
    const key = 'cilium/state/nodes/v1/east/<img src=x onerror=alert(1)>';
    await lab.etcd.client().put(key, 'of a stranger');
    await page.selectOption('#repair-scope', 'nodes/v1');
    await page.click('#compare');

    await eventually(async () => (await text('#repair-result')).includes('No difference'));
    expect(await text('#repair-result .keys')).toContain(`foreign: ${key}`);
    expect(await page.locator('#repair-result img').count()).toBe(0);
    await lab.etcd.client().delete(key);
  });

  it('resyncs, by the keyboard alone', async () => {
    await page.focus('#repair-scope');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.id')).toBe('resync');
    await page.keyboard.press('Enter');

    await eventually(async () => /Done in .*: nothing to repair/.test(await text('#repair-result')));
    expect(await page.locator('#repair-result tbody tr').count()).toBe(4);
    await eventually(async () => /resync of everything: no difference/.test(await text('#events')));
  });

  it('can be walked through by the keyboard, and opens the details of a stage', async () => {
    const visited: string[] = [];
    for (let n = 0; n < 40; n++) {
      await page.keyboard.press('Tab');
      visited.push(
        await page.evaluate(
          'document.activeElement.id || document.activeElement.textContent.trim().slice(0, 40)',
        ),
      );
    }
    expect(visited[0]).toBe('Skip to the status');
    expect(visited).toEqual(expect.arrayContaining(['repair-scope', 'compare', 'resync', 'writer']));
    await page.locator('summary', { hasText: /^writer$/ }).focus();
    await page.keyboard.press('Enter');
    await eventually(async () => /written keys\s*\d+/.test(await text('tbody[data-key="writer"] dl')));
  });

  it.each(['light', 'dark'] as const)('passes the accessibility checks of axe, %s', async (colorScheme) => {
    const tested = await lab.open({ colorScheme, bypassCSP: true });
    try {
      await eventually(async () => (await tested.locator('#stages tbody').count()) > 10);
      await tested.addScriptTag({ path: axe });
      const violations = await tested.evaluate<Violation[]>(
        "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then((r) => r.violations)",
      );
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    } finally {
      await tested.close();
    }
  });

  it.each([360, 768, 1600])('fits into %i pixels', async (width) => {
    await page.setViewportSize({ width, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    for (const name of ['#scopes', '#stages']) {
      const { scroll, client } = await page.evaluate<{ scroll: number; client: number }>(
        `(({ scrollWidth, clientWidth }) => ({ scroll: scrollWidth, client: clientWidth }))(document.querySelector('${name}').closest('.scroll'))`,
      );
      expect(scroll, `${name} needs no scrolling`).toBeLessThanOrEqual(client);
    }
  });

  it('says that its data is old when the server is gone, and goes on when it is back', async () => {
    const { adminPort } = lab.program;
    await lab.program.kill();
    await eventually(() => page.isVisible('#stale'), { timeoutMs: 10_000, what: 'the notice' });

    expect(await text('#stale')).toMatch(/No word from the server for \d+ s.*how it was at \d\d:\d\d:\d\d/);
    expect(await text('#live')).toContain('no connection');
    expect(await page.title()).toMatch(/^✕/);
    await lab.launch({ adminPort });
    await eventually(() => page.isHidden('#stale'), { timeoutMs: 20_000, what: 'the notice to go' });
    await verdict(/^Healthy$/, 30_000);
    // Both lives of the process are in the list of events.
    await eventually(async () => (await text('#events')).split('the program started').length === 3);
  });
});

function oneNode(name: string): {
  version: string;
  object: { apiVersion: string; kind: string; metadata: { name: string } };
} {
  const version = 'cilium.io/v2';
  const spec = { addresses: [{ type: 'InternalIP', ip: '192.0.2.77' }] };
  return { version, object: { apiVersion: version, kind: 'CiliumNode', metadata: { name }, spec } as never };
}

/** @import { Snapshot } from '../model.js' */
/** @import { DiffReport } from '../../../../mirror/diff.js' */
/** @import { ResyncJob } from '../../../resync/resync-job.js' */
/** @import { ResyncScopeReport } from '../../../../mirror/resync.js' */
import { byId, fill, make, stateLabel } from '../dom.js';
import { duration, number } from '../format.js';

const shownKeys = 50;
const pollMs = 300;
const columns = /** @type {const} */ (['missing', 'different', 'leftOver', 'foreign']);
const titles = ['Scope', 'Missing', 'Different', 'Left over', 'Foreign'];

/** Compares etcd with what is wanted, or has everything listed, compared and repaired. */
export class RepairView {
  #scope = /** @type {HTMLSelectElement} */ (byId('repair-scope'));
  #compare = /** @type {HTMLButtonElement} */ (byId('compare'));
  #resync = /** @type {HTMLButtonElement} */ (byId('resync'));
  #result = byId('repair-result');

  constructor() {
    byId('repair-form').addEventListener('submit', (event) => event.preventDefault());
    this.#compare.addEventListener('click', () => void this.#run('Comparing…', () => this.#diff()));
    this.#resync.addEventListener('click', () => void this.#run('Resync…', () => this.#job()));
  }

  /** @param {Snapshot} snapshot */
  show({ head, scopes }) {
    const canResync = head.actions.includes('resync');
    this.#resync.hidden = !canResync;
    const hint = canResync
      ? 'Compare reads etcd and changes nothing. Resync lists Kubernetes again, too, and puts right what differs.'
      : 'Compare reads etcd and changes nothing. What differs is put right without being asked.';
    fill(byId('repair-hint'), hint, () => [hint]);
    const names = [...new Set(scopes.map(({ scope }) => scope))];
    fill(this.#scope, names.join(), () => [
      make('option', { value: '' }, ['everything']),
      ...names.map((name) => make('option', { value: name }, [name])),
    ]);
  }

  /**
   * @param {string} title
   * @param {() => Promise<readonly (Node | string)[]>} work
   */
  async #run(title, work) {
    this.#enable(false);
    this.#result.replaceChildren(stateLabel('busy', title));
    try {
      this.#result.replaceChildren(...(await work()));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#result.replaceChildren(
        stateLabel('bad', 'It did not work.'),
        make('p', { class: 'error' }, [message]),
      );
    } finally {
      this.#enable(true);
    }
  }

  /** @param {boolean} enabled */
  #enable(enabled) {
    this.#compare.disabled = !enabled;
    this.#resync.disabled = !enabled;
  }

  async #diff() {
    const scope = this.#scope.value === '' ? '' : `&scope=${encodeURIComponent(this.#scope.value)}`;
    const report = /** @type {DiffReport} */ (await ask(`/diff?limit=${shownKeys}${scope}`));
    const rows = report.scopes.map(({ cluster, scope: name, counts }) => ({
      name: cluster === undefined ? name : `${cluster} ${name}`,
      counts,
    }));
    const keys = report.differences.map(({ kind, key, reason, refused }) => {
      const why = refused ? ', refused by etcd' : reason === 'no lease' ? ', on no lease' : '';
      return `${words(kind)}${why}: ${key}`;
    });
    const sum = report.differences.length + report.omitted;
    return [
      report.equal
        ? stateLabel('ok', `No difference (${duration(report.durationMs)}).`)
        : stateLabel('warn', `${number(sum)} differences (${duration(report.durationMs)}).`),
      ...table(rows),
      ...keyList(keys, report.omitted),
    ];
  }

  async #job() {
    const scopes = this.#scope.value === '' ? {} : { scopes: [this.#scope.value] };
    const body = JSON.stringify(scopes);
    const headers = { 'Content-Type': 'application/json' };
    let job = /** @type {ResyncJob} */ (await ask('/resync', { method: 'POST', headers, body }));
    while (job.state === 'queued' || job.state === 'running') {
      await new Promise((resolve) => setTimeout(resolve, pollMs));
      job = /** @type {ResyncJob} */ (await ask(`/resync/${encodeURIComponent(job.id)}`));
    }
    if (!job.report) throw new Error(job.error ?? `the resync is ${job.state}`);
    const { scopes: reports, durationMs } = job.report;
    const repaired = reports.reduce((sum, report) => sum + report.repaired, 0);
    const what = repaired === 0 ? 'nothing to repair' : `${number(repaired)} keys put right`;
    const keys = reports.flatMap((report) => keysOf(report));
    return [
      stateLabel('ok', `Done in ${duration(durationMs)}: ${what}.`),
      ...table(reports.map(({ scope, counts }) => ({ name: scope, counts }))),
      ...keyList(keys.slice(0, shownKeys), Math.max(0, keys.length - shownKeys)),
    ];
  }
}

/**
 * @param {string} path
 * @param {RequestInit} [request]
 * @returns {Promise<unknown>}
 */
async function ask(path, request) {
  const answer = await fetch(path, request);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.message ?? answer.statusText);
  return body;
}

/** @param {ResyncScopeReport} report */
function keysOf(report) {
  return columns.flatMap((kind) => report[kind].map((key) => `${words(kind)}: ${key}`));
}

/** @param {string} kind */
function words(kind) {
  return kind === 'leftOver' ? 'left over' : kind;
}

/** @param {readonly { name: string, counts: Readonly<Record<typeof columns[number], number>> }[]} rows */
function table(rows) {
  if (rows.length === 0) return [];
  const head = titles.map((title, at) =>
    make('th', { scope: 'col', class: at === 0 ? '' : 'number' }, [title]),
  );
  const body = rows.map(({ name, counts }) =>
    make('tr', {}, [
      make('th', { scope: 'row' }, [name]),
      ...columns.map((kind) =>
        make('td', { class: counts[kind] === 0 ? 'number zero' : 'number' }, [number(counts[kind])]),
      ),
    ]),
  );
  return [make('table', {}, [make('thead', {}, [make('tr', {}, head)]), make('tbody', {}, body)])];
}

/**
 * @param {readonly string[]} keys
 * @param {number} omitted
 */
function keyList(keys, omitted) {
  if (keys.length === 0) return [];
  const more = omitted > 0 ? [make('li', {}, [`and ${number(omitted)} more`])] : [];
  const items = keys.map((key) => make('li', { class: 'key' }, [key]));
  return [make('ul', { class: 'keys', tabindex: '0', 'aria-label': 'Keys' }, [...items, ...more])];
}

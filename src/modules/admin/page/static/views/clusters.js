/** @import { Snapshot } from '../model.js' */
/** @import { StageStatus } from '../../../../../common/stage.js' */
import { byId, fill, keyed, make, setClass, setNumbers, setText, stateLabel } from '../dom.js';
import { age, duration, number } from '../format.js';
import { clusterName, failureOf, isRemote } from '../model.js';
import { noteRow, showError } from './stages.js';

const counts = ['nodesKeys', 'servicesKeys', 'identitiesKeys', 'ipKeys'];

/** The remote clusters of kvstoremesh, those with trouble first. */
export class ClustersView {
  #filter = /** @type {HTMLInputElement} */ (byId('clusters-filter'));
  #trouble = /** @type {HTMLInputElement} */ (byId('clusters-trouble'));
  /** @type {Snapshot | undefined} */
  #snapshot;

  constructor() {
    for (const input of [this.#filter, this.#trouble])
      input.addEventListener('input', () => this.#snapshot && this.show(this.#snapshot));
  }

  /** @param {Snapshot} snapshot */
  show(snapshot) {
    this.#snapshot = snapshot;
    const { stages, at, head } = snapshot;
    const all = stages.filter(isRemote);
    byId('clusters-panel').hidden = head.program !== 'kvstoremesh';
    const away = all.filter(({ healthy }) => !healthy);
    const shown = [...away, ...all.filter(({ healthy }) => healthy)].filter((stage) => this.#matches(stage));
    const hidden = shown.length === all.length ? '' : `, ${number(shown.length)} shown`;
    setText(
      byId('clusters-summary'),
      `${number(all.length - away.length)} of ${number(all.length)} ready${hidden}`,
    );
    keyed(byId('clusters'), shown, {
      key: ({ name }) => name,
      create: (stage) => clusterRow(clusterName(stage)),
      update: (group, stage) => updateRow(group, stage, at),
    });
  }

  /** @param {StageStatus} stage */
  #matches(stage) {
    if (this.#trouble.checked && stage.healthy) return false;
    const wanted = this.#filter.value.trim().toLowerCase();
    const text = `${clusterName(stage)} ${stage.state} ${stage.lastError?.message ?? ''}`;
    return wanted === '' || text.toLowerCase().includes(wanted);
  }
}

/** @param {string} name */
function clusterRow(name) {
  const cells = Array.from({ length: counts.length + 3 }, () => make('td', { class: 'number' }));
  const row = make('tr', {}, [make('th', { scope: 'row' }, [name]), make('td'), ...cells]);
  return make('tbody', {}, [row, noteRow(row.childElementCount)]);
}

/**
 * @param {HTMLElement} group
 * @param {StageStatus} stage
 * @param {number} now
 */
function updateRow(group, stage, now) {
  const [row, note] = group.children;
  const [, state, ...cells] = row?.children ?? [];
  setClass(group, stage.healthy ? '' : 'bad-row');
  if (state) fill(state, `${stage.state}${moodOf(stage)}`, () => [stateLabel(moodOf(stage), stage.state)]);
  if (note) showError(note, stage, now, String(stage.details?.['warnings'] ?? ''));
  setNumbers(cells, valuesOf(stage, now));
}

/**
 * @param {StageStatus} stage
 * @param {number} now
 */
function valuesOf(stage, now) {
  const count = (/** @type {string} */ name) => stage.counts[name] ?? 0;
  const cacheAge = count('cacheAgeMs');
  return [
    age(stage.since, now),
    ...counts.map((name) => number(count(name))),
    cacheAge === 0 ? 'live' : duration(cacheAge),
    number(count('failures')),
  ];
}

/** @param {StageStatus} stage */
function moodOf(stage) {
  if (stage.healthy) return 'ok';
  return failureOf(stage) ? 'bad' : 'busy';
}

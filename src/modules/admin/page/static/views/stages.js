/** @import { Snapshot } from '../model.js' */
/** @import { StageStatus } from '../../../../../common/stage.js' */
import { byId, fill, keyed, make, setClass, setText, stateLabel } from '../dom.js';
import { age, factName, factValue, fullTime } from '../format.js';
import { isRemote } from '../model.js';

/** @param {Snapshot} snapshot */
export function showStages({ stages, at }) {
  const own = stages.filter((stage) => !isRemote(stage));
  keyed(byId('stages'), own, {
    key: ({ name }) => name,
    create: (stage) => stageRow(stage.name),
    update: (group, stage) => updateRow(group, stage, at),
  });
}

const columns = 4;
const toldForMs = 3_600_000;
const summarized = 3;
/** True, and of no interest while all is well. */
const quiet = new Set(['lagMs', 'ttlMs', 'maxOperations', 'mostKeysOfALease', 'upserts']);

/**
 * What each row shows, for when its details are opened.
 * @type {WeakMap<HTMLElement, { stage: StageStatus, now: number }>}
 */
const shown = new WeakMap();

/** @param {string} name */
function stageRow(name) {
  const facts = make('dl');
  const details = make('details', {}, [make('summary', {}, [name]), facts]);
  const row = make('tr', {}, [
    make('th', { scope: 'row' }, [details]),
    make('td'),
    make('td', { class: 'facts facts-column' }),
    make('td', { class: 'number' }),
  ]);
  const group = make('tbody', {}, [row, noteRow(columns)]);
  details.addEventListener('toggle', () => showFacts(group));
  return group;
}

/**
 * @param {HTMLElement} group
 * @param {StageStatus} stage
 * @param {number} now
 */
function updateRow(group, stage, now) {
  shown.set(group, { stage, now });
  const [row, note] = group.children;
  const [, state, did, since] = row?.children ?? [];
  if (!state || !did || !since || !note) return;
  setClass(group, stage.healthy ? '' : 'bad-row');
  fill(state, `${stage.state}${stage.healthy}`, () => [
    stateLabel(stage.healthy ? 'ok' : 'bad', stage.state),
  ]);
  setText(did, summaryOf(stage, now));
  setText(since, age(stage.since, now));
  since.setAttribute('title', fullTime(stage.since));
  showError(note, stage, now);
  showFacts(group);
}

/**
 * A row below another, over its whole width, for texts of any length.
 * @param {number} width in columns
 */
export function noteRow(width) {
  return make('tr', { class: 'note-row' }, [make('td', { colspan: String(width) })]);
}

/**
 * What failed last is worth knowing also when it is over, for a while.
 * @param {Element} row of noteRow()
 * @param {StageStatus} stage
 * @param {number} now
 * @param {string} [warning]
 */
export function showError(row, { healthy, lastError }, now, warning = '') {
  const cell = row.firstElementChild;
  if (!cell) return;
  const told = lastError && (!healthy || now - lastError.at < toldForMs) ? lastError : undefined;
  const when = told ? `${healthy ? 'last error' : 'error'} ${age(told.at, now)} ago: ${told.message}` : '';
  setText(cell, [warning, when].filter((text) => text !== '').join(' · '));
  setClass(cell, healthy && warning === '' ? 'error past' : 'error');
  /** @type {HTMLElement} */ (row).hidden = cell.textContent === '';
}

/**
 * The first counts that say something; all of them are in the details.
 * @param {StageStatus} stage
 * @param {number} now
 */
function summaryOf({ counts }, now) {
  return Object.entries(counts)
    .filter(([name, value]) => value !== 0 && !quiet.has(name))
    .slice(0, summarized)
    .map(([name, value]) => `${factName(name)} ${factValue(name, value, now)}`)
    .join(' · ');
}

/**
 * Every count and detail of the stage, while they are open.
 * @param {HTMLElement} group
 */
function showFacts(group) {
  const opened = group.querySelector('details[open] dl');
  const what = shown.get(group);
  if (!opened || !what) return;
  const { counts, details } = what.stage;
  keyed(/** @type {HTMLElement} */ (opened), Object.entries({ ...details, ...counts }), {
    key: ([name]) => name,
    create: ([name]) => make('div', {}, [make('dt', {}, [factName(name)]), make('dd')]),
    update: (element, [name, value]) => {
      const shownValue = element.lastElementChild;
      if (shownValue) setText(shownValue, factValue(name, value, what.now));
    },
  });
}

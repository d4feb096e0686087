/** @import { Snapshot } from '../model.js' */
/** @import { Mood } from '../dom.js' */
import { byId, fill, keyed, make, setClass, setNumbers, setText, stateLabel } from '../dom.js';
import { number } from '../format.js';
import { totals } from '../model.js';

/** @typedef {ReturnType<typeof totals>[number]} Row */

/** @param {Snapshot} snapshot */
export function showScopes({ scopes }) {
  keyed(byId('scopes'), totals(scopes), {
    key: ({ scope }) => scope,
    create: ({ scope }) =>
      make('tr', {}, [
        make('th', { scope: 'row' }, [scope]),
        make('td'),
        ...Array.from({ length: 4 }, () => make('td', { class: 'number' })),
        make('td'),
      ]),
    update: (row, scope) => {
      const [, state, ...cells] = row.children;
      const [mood, text] = stateOf(scope);
      setClass(row, mood === 'warn' ? 'warn-row' : '');
      if (state) fill(state, text, () => [stateLabel(mood, text)]);
      const values = [scope.keys, scope.dirty, scope.inFlight, scope.refused];
      setNumbers(cells, values.map(number));
      const canary = cells[values.length];
      if (canary) setText(canary, canaryText(scope));
    },
  });
}

/**
 * @param {Row} scope
 * @returns {readonly [Mood, string]}
 */
function stateOf({ synced, dirty, inFlight, refused, clusters, complete }) {
  if (!synced)
    return ['busy', clusters > 1 ? `${number(complete)} of ${number(clusters)} synced` : 'first sync'];
  if (refused > 0) return ['warn', 'keys refused'];
  return dirty + inFlight > 0 ? ['busy', 'writing'] : ['ok', 'in sync'];
}

/** @param {Row} scope */
function canaryText({ clusters, canaries, canary, cluster }) {
  if (cluster !== undefined) return `${number(canaries)} of ${number(clusters)}`;
  if (canary === undefined) return '–';
  return canary ? 'written' : 'not yet';
}

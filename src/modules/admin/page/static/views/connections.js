/** @import { Snapshot } from '../model.js' */
/** @import { StageStatus } from '../../../../../common/stage.js' */
import { byId, fill, keyed, make, setText, stateLabel } from '../dom.js';
import { duration, size } from '../format.js';

/** Stages that are a door to something outside, with the name that people use. */
const doors = /** @type {const} */ ({
  'leader-election': 'Leader election',
  'kubernetes/connection': 'Kubernetes',
  'etcd/connection': 'etcd',
  'etcd/leases': 'Leases in etcd',
  'external-workloads': 'External workloads',
  'configuration-directory': 'Configuration of remote clusters',
});

/** @param {Snapshot} snapshot */
export function showConnections({ stages, at }) {
  const shown = stages.filter(({ name }) => name in doors);
  keyed(byId('connections'), shown, {
    key: ({ name }) => name,
    create: ({ name }) =>
      make('li', {}, [
        make('span', { class: 'name' }, [doors[/** @type {keyof typeof doors} */ (name)]]),
        ' ',
        make('span'),
        make('p', { class: 'facts' }),
        make('p', { class: 'error' }),
      ]),
    update: (element, stage) => {
      const [, state, facts, error] = element.children;
      if (!state || !facts || !error) return;
      fill(state, `${stage.state}${stage.healthy}`, () => [
        stateLabel(stage.healthy ? 'ok' : 'bad', stage.state),
      ]);
      setText(facts, [`for ${duration(at - stage.since)}`, ...factsOf(stage)].join(' · '));
      setText(error, stage.healthy || !stage.lastError ? '' : stage.lastError.message);
    },
  });
}

/**
 * What to show of a door, with the words around it.
 * @type {Readonly<Record<string, (value: string | number | boolean) => string>>}
 */
const facts = {
  server: String,
  endpoint: String,
  version: String,
  path: String,
  lease: String,
  holder: (value) => `held by ${value}`,
  dbSizeInUseBytes: (value) => `${size(Number(value))} in use`,
  alarms: (value) => `${value} alarms`,
  reconnects: (value) => `${value} reconnects`,
  leases: (value) => `${value} leases`,
  lostLeases: (value) => `${value} lost`,
  workloads: (value) => `${value} workloads`,
  failing: (value) => `${value} failing`,
};

/** @param {StageStatus} stage */
function factsOf({ counts, details }) {
  const values = { ...details, ...counts };
  return Object.entries(facts).flatMap(([name, text]) => {
    const value = values[name];
    return value === undefined || value === null || value === '' || value === 0 ? [] : [text(value)];
  });
}

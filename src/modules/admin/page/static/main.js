/** @import { Snapshot } from './model.js' */
import { Connection } from './connection.js';
import { byId, icon, fill, setText } from './dom.js';
import { clockTime, duration } from './format.js';
import { Model } from './model.js';
import { ClustersView } from './views/clusters.js';
import { showConnections } from './views/connections.js';
import { EventsView } from './views/events.js';
import { RepairView } from './views/repair.js';
import { showScopes } from './views/scopes.js';
import { showStages } from './views/stages.js';
import { SummaryView } from './views/summary.js';

const model = new Model();
const summary = new SummaryView();
const clusters = new ClustersView();
const events = new EventsView();
const repair = new RepairView();

/** @type {Snapshot | undefined} */
let latest;

const connection = new Connection({
  onStatus: (update) => {
    latest = model.apply(update);
    show(latest);
  },
  onEvent: (event) => events.add(event),
  onMissed: (missed) => events.addMissed(missed),
});

setInterval(showLiveness, 500);

/** @param {Snapshot} snapshot */
function show(snapshot) {
  summary.show(snapshot);
  showConnections(snapshot);
  clusters.show(snapshot);
  showScopes(snapshot);
  showStages(snapshot);
  repair.show(snapshot);
  showLiveness();
}

/** Whether what is shown is how it is now: old data must not pass for new. */
function showLiveness() {
  const silent = connection.silentMs;
  const stale = byId('stale');
  document.body.toggleAttribute('data-stale', silent > 0);
  stale.hidden = silent === 0;
  const asOf = latest ? ` What is below is how it was at ${clockTime(latest.at)}.` : '';
  if (silent > 0) setText(stale, `No word from the server for ${duration(silent)}; trying again.${asOf}`);
  const [mood, text] = silent > 0 ? /** @type {const} */ (['bad', 'no connection']) : liveText();
  fill(byId('live'), text, () => [icon(mood), text]);
  if (silent > 0) summary.showTitle('bad');
}

/** @returns {readonly ['ok' | 'busy', string]} */
function liveText() {
  return latest ? ['ok', 'live'] : ['busy', 'connecting'];
}

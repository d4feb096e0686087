/** @import { Snapshot } from './model.js' */
/** @import { Mood } from './dom.js' */
/** @import { StageStatus } from '../../../../common/stage.js' */
import { duration, number } from './format.js';
import { clusterName, failureOf, isRemote, sumOf } from './model.js';

/**
 * @typedef {object} Verdict
 * @property {Exclude<Mood, 'info'>} mood
 * @property {string} title
 * @property {string} detail
 */

const named = 3;
/** Where trouble comes from, rather than where it shows. */
const causes = ['kubernetes/connection', 'etcd/connection', 'leader-election', 'configuration-directory'];

/**
 * What somebody who was woken up wants to know first.
 * @param {Snapshot} snapshot
 * @returns {Verdict}
 */
export function verdict(snapshot) {
  const { head, stages, at } = snapshot;
  const broken = stages.filter((stage) => !stage.healthy && !isRemote(stage));
  // At the start a stage is not healthy either, but nothing has failed yet.
  const failing = broken.filter((stage) => failureOf(stage) || head.ready);
  if (failing.length > 0) return brokenVerdict(failing, at);
  const standby = stages.find(({ name, state }) => name === 'leader-election' && state === 'standby');
  if (standby) return standbyVerdict(standby);
  if (!head.ready) return startingVerdict(snapshot);
  return clustersVerdict(snapshot) ?? refusedVerdict(snapshot) ?? healthyVerdict(snapshot);
}

/**
 * @param {readonly StageStatus[]} broken
 * @param {number} now
 * @returns {Verdict}
 */
function brokenVerdict(broken, now) {
  const roots = broken.filter(({ name }) => causes.includes(name));
  const named = roots.length > 0 ? roots : broken;
  const title = `Not healthy: ${list(named.map(({ name }) => name))}`;
  const detail = named.slice(0, 2).map((stage) => {
    const failure = failureOf(stage);
    const why = failure ? `: ${failure.message}` : '';
    return `${stage.name} has been ${stage.state} for ${duration(now - stage.since)}${why}.`;
  });
  const others = broken.length - named.length;
  if (others > 0) detail.push(`${number(others)} other ${others === 1 ? 'stage' : 'stages'} not healthy.`);
  return { mood: 'bad', title, detail: detail.join(' ') };
}

/**
 * @param {StageStatus} stage
 * @returns {Verdict}
 */
function standbyVerdict({ details }) {
  const holder = details?.['holder'];
  const detail = typeof holder === 'string' ? `${holder} leads and writes.` : 'Nobody leads at the moment.';
  return { mood: 'ok', title: 'Standby: ready to take over', detail };
}

/**
 * @param {Snapshot} snapshot
 * @returns {Verdict}
 */
function startingVerdict({ head: { waitingFor }, at }) {
  const first = waitingFor[0];
  const more = waitingFor.length > 1 ? `, and ${number(waitingFor.length - 1)} more` : '';
  return {
    mood: 'busy',
    title: 'Starting: not ready yet',
    detail: first
      ? `${first.scope} has waited for ${first.waitingFor} for ${duration(at - first.since)}${more}.`
      : 'Everything is listed and being written.',
  };
}

/**
 * @param {Snapshot} snapshot
 * @returns {Verdict | undefined}
 */
function clustersVerdict({ stages }) {
  const clusters = stages.filter(isRemote);
  const away = clusters.filter(({ healthy }) => !healthy);
  if (away.length === 0) return undefined;
  return {
    mood: 'warn',
    title: `${number(away.length)} of ${number(clusters.length)} remote clusters not followed`,
    detail: `${list(away.map(clusterName))}. What they last said stays in the cache.`,
  };
}

/**
 * @param {Snapshot} snapshot
 * @returns {Verdict | undefined}
 */
function refusedVerdict({ scopes }) {
  const refused = sumOf(scopes, 'refused');
  if (refused === 0) return undefined;
  const detail = 'They are too large. What etcd held of them before stays; Compare names them.';
  return { mood: 'warn', title: `${keys(refused)} refused by etcd`, detail };
}

/**
 * @param {Snapshot} snapshot
 * @returns {Verdict}
 */
function healthyVerdict({ scopes, stages }) {
  const waiting = sumOf(scopes, 'dirty') + sumOf(scopes, 'inFlight');
  const wanted = sumOf(scopes, 'keys');
  const clusters = stages.filter(isRemote).length;
  const followed = clusters > 0 ? ` All ${number(clusters)} remote clusters are followed.` : '';
  const detail =
    waiting === 0
      ? `All ${keys(wanted)} are in etcd as they are wanted.${followed}`
      : `${keys(waiting)} of ${number(wanted)} on the way into etcd.${followed}`;
  return { mood: 'ok', title: 'Healthy', detail };
}

/** @param {number} count */
function keys(count) {
  return count === 1 ? '1 key' : `${number(count)} keys`;
}

/** @param {readonly string[]} names */
function list(names) {
  const more = names.length - named;
  return names.slice(0, named).join(', ') + (more > 0 ? ` and ${number(more)} more` : '');
}

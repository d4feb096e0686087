import type { MirrorStatus, ScopeStatus } from '../../mirror/mirror-api.js';
import type { EventDraft } from './admin-event.js';
import { type Look, scopeId } from './look.js';

const repairTexts = {
  deleted: 'deleted by somebody else, written again',
  changed: 'changed by somebody else, put right',
  stray: 'put by somebody else, removed',
} as const;

export function readyChanges(before: Look, after: Look): EventDraft[] {
  if (before.ready || !after.ready) return [];
  const keys = after.scopes.reduce((sum, scope) => sum + scope.keys, 0);
  const text = `ready: everything is synchronized, ${keys} keys`;
  return [{ kind: 'ready', level: 'info', subject: '', text, at: after.at, count: 1, topic: 'ready' }];
}

/** First lists, canaries and refused keys of our own scopes; the first two of remote clusters are part of their stage. */
export function scopeChanges(
  before: Look,
  after: Look,
  refusedKey: MirrorStatus['refusedKey'],
): EventDraft[] {
  const known = new Map(before.scopes.map((scope) => [scopeId(scope), scope]));
  return after.scopes.flatMap((scope) => {
    const old = known.get(scopeId(scope));
    const synced = scope.cluster === undefined && old ? syncChanges(old, scope, after.at) : [];
    return [...synced, ...refusals(old?.refused ?? 0, scope, after.at, refusedKey)];
  });
}

function syncChanges(old: ScopeStatus, scope: ScopeStatus, at: number): EventDraft[] {
  const subject = scope.scope;
  const event = (text: string, what: string): EventDraft => ({
    kind: 'sync',
    level: 'info',
    subject,
    text,
    at,
    count: 1,
    topic: `sync ${subject} ${what}`,
  });
  return [
    ...(!old.synced && scope.synced
      ? [event(`the first list is stored, ${scope.keys} keys`, 'first list')]
      : []),
    ...(old.canary === false && scope.canary ? [event('the canary is written', 'canary')] : []),
  ];
}

function refusals(
  before: number,
  scope: ScopeStatus,
  at: number,
  refusedKey: MirrorStatus['refusedKey'],
): EventDraft[] {
  const more = scope.refused - before;
  if (more === 0) return [];
  const subject = scopeId(scope);
  const level = more > 0 ? 'warning' : 'info';
  const key = more > 0 ? refusedKey(scope) : undefined;
  const text =
    more > 0
      ? `refused by etcd for good${key === undefined ? '' : `, one of them: ${key}`}`
      : 'refused no longer';
  const topic = `refused ${level} ${subject}`;
  return [{ kind: 'refused', level, subject, text, at, count: Math.abs(more), topic }];
}

export function driftChanges(before: Look, after: Look): EventDraft[] {
  const known = new Map(before.repairs.map((tally) => [`${tally.kind} ${tally.scope}`, tally.count]));
  return after.repairs.flatMap(({ scope, kind, count, key }) => {
    const more = count - (known.get(`${kind} ${scope}`) ?? 0);
    if (more === 0) return [];
    const text = `${repairTexts[kind]}, the latest: ${key}`;
    const topic = `drift ${kind} ${scope}`;
    return [
      { kind: 'drift', level: 'warning', subject: scope, text, at: after.at, count: more, topic },
    ] as const;
  });
}

const leaseStage = 'etcd/leases';

export function leaseChanges(before: Look, after: Look): EventDraft[] {
  const lost = (look: Look): number =>
    look.stages.find(({ name }) => name === leaseStage)?.counts['lostLeases'] ?? 0;
  const more = lost(after) - lost(before);
  if (more <= 0) return [];
  return [leaseEvent('warning', 'ended before its time: its keys are written again', after.at, more)];
}

/** To be told once, when after a loss everything is stored again. */
export function leasesRestored({ at, scopes }: Look): EventDraft | undefined {
  if (scopes.some(({ dirty, inFlight }) => dirty > 0 || inFlight > 0)) return undefined;
  return leaseEvent('info', 'all keys are stored on living leases again', at, 1);
}

function leaseEvent(level: EventDraft['level'], text: string, at: number, count: number): EventDraft {
  return { kind: 'lease', level, subject: leaseStage, text, at, count, topic: `lease ${level}` };
}

import type { StageStatus } from '../../../common/stage.js';
import { type EventDraft, shortened } from './admin-event.js';
import type { Look } from './look.js';

/** So many stages of one family that do the same between two looks are told one by one; more are told as one event. */
const toldOneByOne = 3;
const remote = 'remote/';

/**
 * Stages that came into trouble, or out of it. A stage that goes back and forth between healthy states (the writer between
 * idle and writing) does its work, and one that makes progress on its way to the first has no news yet: no event.
 */
export function stageChanges(before: Look, after: Look): EventDraft[] {
  const known = new Map(before.stages.map((stage) => [stage.name, stage]));
  const drafts = after.stages.flatMap((stage) => {
    const old = known.get(stage.name);
    known.delete(stage.name);
    if (stage.name === 'leader-election') return leaderChanges(old, stage);
    if (old) return changes(old, stage);
    return stage.name.startsWith(remote) ? [event(stage.name, 'added', after.at)] : [];
  });
  const gone = [...known.keys()].filter((name) => name.startsWith(remote));
  return together([...drafts, ...gone.map((name) => event(name, 'removed', after.at))]);
}

function event(subject: string, text: string, at: number, to = text): EventDraft {
  return { kind: 'stage', level: 'info', subject, text, at, count: 1, topic: `stage ${subject} ${to}` };
}

function changes(old: StageStatus, stage: StageStatus): EventDraft[] {
  const failure = newFailure(old, stage);
  const moved = old.state !== stage.state || old.since !== stage.since;
  if (old.healthy === stage.healthy && !(moved && failure)) return [];
  const level = !stage.healthy && (old.healthy || failure) ? 'warning' : 'info';
  const error = failure ? { error: shortened(failure.message) } : {};
  const to = `${level} ${stage.state}`;
  return [{ ...event(stage.name, changeText(old, stage), stage.since, to), level, ...error }];
}

function newFailure(old: StageStatus, { lastError }: StageStatus): StageStatus['lastError'] {
  return lastError?.at === old.lastError?.at ? undefined : lastError;
}

function changeText(old: StageStatus, stage: StageStatus): string {
  if (old.state !== stage.state) return `${old.state} → ${stage.state}`;
  if (old.since !== stage.since) return `${stage.state} again after an interruption`;
  return `${stage.state}, ${stage.healthy ? 'healthy again' : 'no longer healthy'}`;
}

/** Who leads is told also when this replica's own state stays the same. */
function leaderChanges(old: StageStatus | undefined, stage: StageStatus): EventDraft[] {
  const holder = stage.details?.['holder'];
  if (old?.state === stage.state && old.details?.['holder'] === holder) return [];
  const by = typeof holder === 'string' ? `, the lease is held by ${holder}` : '';
  const draft = event(stage.name, `${stage.state}${by}`, stage.since);
  return [{ ...draft, kind: 'leader', level: stage.healthy ? 'info' : 'warning' }];
}

/**
 * Hundreds of remote clusters change together, as at the start, and all watches of etcd with their connection: one event for
 * those of a family that did the same.
 */
function together(drafts: readonly EventDraft[]): EventDraft[] {
  const groups = new Map<string, EventDraft[]>();
  for (const draft of drafts) {
    const name = `${draft.kind} ${family(draft)} ${draft.level} ${outcome(draft)}`;
    groups.set(name, [...(groups.get(name) ?? []), draft]);
  }
  return [...groups].flatMap(([topic, group]) => {
    const [first] = group;
    if (!first || group.length <= toldOneByOne) return group;
    const names = group.slice(0, toldOneByOne).map(({ subject }) => subject.slice(family(first).length + 1));
    const text = `${outcome(first)}: ${names.join(', ')}, …`;
    return [{ ...first, subject: `${family(first)}/*`, text, count: group.length, topic }];
  });
}

/** `etcd-watch` of `etcd-watch/ip/v1`. */
function family({ subject }: EventDraft): string {
  return subject.split('/', 1)[0] ?? subject;
}

/** `ready` of `syncing → ready`. */
function outcome({ text }: EventDraft): string {
  return text.split(' → ').at(-1) ?? text;
}

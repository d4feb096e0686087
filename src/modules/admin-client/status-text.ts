import { formatGoDuration } from '../../common/go-duration.js';
import type { StageStatus } from '../../common/stage.js';
import type { Status } from '../admin/status/status-report.js';
import type { ScopeStatus } from '../mirror/mirror-api.js';
import { printable, textTable } from './text-table.js';

/** Whether nothing needs a look. */
export function isWell({ ready, stages, scopes }: Status): boolean {
  return ready && stages.every(({ healthy }) => healthy) && scopes.every(({ refused }) => refused === 0);
}

/** `GET /status` for a terminal. `now` in ms since the epoch. */
export function statusLines(status: Status, now: number): string[] {
  const remote = status.stages.filter(({ name }) => name.startsWith('remote/'));
  const troubled = remote.filter(({ healthy }) => !healthy);
  const own = status.stages.filter(({ name }) => !name.startsWith('remote/'));
  return [
    ...headLines(status, now),
    '',
    ...textTable(
      ['SCOPE', 'KEYS', 'WAITING', 'IN FLIGHT', 'REFUSED', 'SYNCED', 'CANARY'],
      totals(status.scopes),
    ),
    '',
    ...textTable(
      ['STAGE', 'HEALTHY', 'STATE', 'SINCE', 'ERROR'],
      own.map((stage) => stageRow(stage, now)),
    ),
    ...(remote.length === 0
      ? []
      : ['', `Remote clusters: ${remote.length - troubled.length} of ${remote.length} ready`]),
    ...(troubled.length === 0
      ? []
      : textTable(
          ['CLUSTER', 'HEALTHY', 'STAGE', 'SINCE', 'ERROR'],
          troubled.map((stage) => stageRow(stage, now)),
        )),
  ];
}

function headLines(status: Status, now: number): string[] {
  const { program, cluster, version, startedAt, readySince, waitingFor, traffic } = status;
  const ready = readySince === undefined ? 'not ready' : `ready for ${span(now - readySince)}`;
  const health = isWell(status) ? 'healthy' : 'NOT HEALTHY';
  const spread = traffic?.propagation;
  const propagation = spread ? `; change to etcd p50 ${spread.p50Ms} ms, p99 ${spread.p99Ms} ms` : '';
  return [
    `${program} of ${printable(cluster.name)} (id ${cluster.id}), ${version}, up ${span(now - startedAt)}: ${health}, ${ready}`,
    ...(traffic
      ? [`${traffic.keysPerSecond} keys/s written in the last ${span(traffic.windowMs)}${propagation}`]
      : []),
    ...waitingFor.map(({ scope, waitingFor: what, since }) =>
      printable(`waiting: ${scope} for ${what}, for ${span(now - since)}`),
    ),
  ];
}

function stageRow({ name, healthy, state, since, lastError }: StageStatus, now: number): string[] {
  const error = lastError && !healthy ? `${lastError.message} (${span(now - lastError.at)} ago)` : '';
  return [name.replace(/^remote\//, ''), healthy ? 'yes' : 'NO', state, span(now - since), error];
}

/** One row a kind of key, however many clusters have it. */
function totals(scopes: readonly ScopeStatus[]): string[][] {
  const kinds = new Map<string, ScopeStatus[]>();
  for (const scope of scopes) kinds.set(scope.scope, [...(kinds.get(scope.scope) ?? []), scope]);
  return [...kinds].map(([kind, group]) => {
    const sum = (of: (scope: ScopeStatus) => number): string =>
      String(group.reduce((total, scope) => total + of(scope), 0));
    const share = (of: (scope: ScopeStatus) => boolean | undefined): string => {
      const count = group.filter(of).length;
      if (group.length === 1) return count === 1 ? 'yes' : 'no';
      return `${count} of ${group.length}`;
    };
    return [
      kind,
      sum(({ keys }) => keys),
      sum(({ dirty }) => dirty),
      sum(({ inFlight }) => inFlight),
      sum(({ refused }) => refused),
      share(({ synced }) => synced),
      share(({ canary }) => canary),
    ];
  });
}

/** To the second. */
function span(ms: number): string {
  return formatGoDuration(Math.max(0, Math.round(ms / 1000)) * 1000);
}

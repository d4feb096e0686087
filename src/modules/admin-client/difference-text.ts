import type { DiffReport, KeyDifference } from '../mirror/diff.js';
import type { ResyncReport } from '../mirror/resync.js';
import { printable, textTable } from './text-table.js';

const kinds = ['missing', 'different', 'leftOver', 'foreign'] as const;
const titles = ['MISSING', 'DIFFERENT', 'LEFT OVER', 'FOREIGN'];

/** `GET /diff` for a terminal. */
export function diffLines({ scopes, differences, omitted, equal, durationMs }: DiffReport): string[] {
  const rows = scopes.map(({ scope, cluster, keys, counts }) => [
    cluster === undefined ? scope : `${cluster} ${scope}`,
    String(keys),
    ...kinds.map((kind) => String(counts[kind])),
  ]);
  return [
    ...(rows.length === 0 ? [] : [...textTable(['SCOPE', 'KEYS', ...titles], rows), '']),
    ...differences.map((difference) => printable(`${what(difference)}: ${difference.key}`)),
    ...(omitted > 0 ? [`and ${omitted} more (--limit)`] : []),
    `${equal ? 'No difference' : 'etcd does not hold what is wanted'} (${durationMs} ms)`,
  ];
}

function what({ kind, reason, wantedBytes, storedBytes, refused }: KeyDifference): string {
  const sizes = kind === 'different' ? ` (${storedBytes} bytes stored, ${wantedBytes} wanted)` : '';
  const why = reason === 'no lease' ? ', on no lease' : '';
  return `${words(kind)}${refused ? ', refused by etcd' : why}${sizes}`;
}

/** The report of a resync for a terminal. */
export function resyncLines({ scopes, dryRun, durationMs }: ResyncReport): string[] {
  const rows = scopes.map(({ scope, keys, listed, counts, repaired }) => [
    scope,
    String(listed),
    String(keys),
    ...kinds.map((kind) => String(counts[kind])),
    String(repaired),
  ]);
  const keys = scopes.flatMap((scope) =>
    kinds.flatMap((kind) => scope[kind].map((key) => `${words(kind)}: ${key}`)),
  );
  return [
    ...textTable(['SCOPE', 'LISTED', 'KEYS', ...titles, 'REPAIRED'], rows),
    ...(keys.length === 0 ? [] : ['', ...keys.map(printable)]),
    '',
    `${dryRun ? 'Compared' : 'Resynced'} in ${durationMs} ms`,
  ];
}

/** Whether something of ours was not as wanted. */
export function hasDifferences({ scopes }: ResyncReport): boolean {
  return scopes.some(({ counts }) => counts.missing + counts.different + counts.leftOver > 0);
}

function words(kind: (typeof kinds)[number]): string {
  return kind === 'leftOver' ? 'left over' : kind;
}

import type { AdminEvent } from '../admin/events/admin-event.js';
import { printable } from './text-table.js';

/** One event as one line. */
export function eventLine({ at, level, subject, kind, text, count, error }: AdminEvent): string {
  const about = kind === 'resync' || subject === '' ? '' : `${subject}: `;
  const times = count > 1 ? ` (${count} times)` : '';
  const why = error === undefined ? '' : `: ${error}`;
  const sign = level === 'warning' ? 'WARN' : 'info';
  return printable(`${new Date(at).toISOString()} ${sign} ${about}${text}${times}${why}`);
}

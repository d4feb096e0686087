import { systemClock } from '../common/clock.js';
import type { TextSink } from '../common/text-sink.js';
import { AdminClient, AdminClientError } from '../modules/admin-client/admin-client.js';
import { diffLines, hasDifferences, resyncLines } from '../modules/admin-client/difference-text.js';
import { eventLine } from '../modules/admin-client/event-text.js';
import { isWell, statusLines } from '../modules/admin-client/status-text.js';
import type { AdminEvent } from '../modules/admin/events/admin-event.js';
import type { ResyncJob } from '../modules/admin/resync/resync-job.js';
import type { Status } from '../modules/admin/status/status-report.js';
import type {
  AdminDiffOptions,
  AdminEventsOptions,
  AdminOptions,
  AdminResyncOptions,
} from '../modules/config/admin-options.js';
import type { DiffReport } from '../modules/mirror/diff.js';

const pollMs = 200;

/** 1: not ready, or something needs a look. */
export async function runAdminStatus({ address, output }: AdminOptions, out: TextSink): Promise<number> {
  const status = await new AdminClient(address).get<Status>('/status');
  print(out, output, status, () => statusLines(status, systemClock.now()));
  return isWell(status) ? 0 : 1;
}

/** 1: etcd does not hold what is wanted. */
export async function runAdminDiff(options: AdminDiffOptions, out: TextSink): Promise<number> {
  const query = new URLSearchParams({ limit: String(options.limit) });
  for (const scope of options.scopes) query.append('scope', scope);
  if (options.cluster !== '') query.set('cluster', options.cluster);
  const report = await new AdminClient(options.address).get<DiffReport>(`/diff?${query.toString()}`);
  print(out, options.output, report, () => diffLines(report));
  return report.equal ? 0 : 1;
}

/** 1: it failed, or a dry run found differences. */
export async function runAdminResync(options: AdminResyncOptions, out: TextSink): Promise<number> {
  const { address, scopes, dryRun, output, timeoutMs } = options;
  const client = new AdminClient(address);
  const { id } = await client.post<ResyncJob>('/resync', {
    ...(scopes.length > 0 ? { scopes } : {}),
    dryRun,
  });
  const job = await ended(client, id, timeoutMs);
  const { report, error } = job;
  print(out, output, job, () =>
    report ? resyncLines(report) : [`The resync failed: ${error ?? job.state}`],
  );
  return report && !(dryRun && hasDifferences(report)) ? 0 : 1;
}

async function ended(client: AdminClient, id: string, timeoutMs: number): Promise<ResyncJob> {
  const deadline = systemClock.monotonic() + timeoutMs;
  for (;;) {
    const job = await client.get<ResyncJob>(`/resync/${id}`);
    if (job.state === 'done' || job.state === 'failed') return job;
    if (systemClock.monotonic() > deadline)
      throw new AdminClientError(`resync ${id} is ${job.state} after --timeout; it goes on`);
    await systemClock.sleep(pollMs);
  }
}

/** Ends with 0, or by a signal when it follows. */
export async function runAdminEvents(options: AdminEventsOptions, out: TextSink): Promise<number> {
  const { address, output, follow } = options;
  const client = new AdminClient(address);
  if (!follow) {
    const { events } = await client.get<{ events: readonly AdminEvent[] }>('/events');
    print(out, output, events, () => events.map(eventLine));
    return 0;
  }
  for await (const data of client.stream('/events'))
    out.write(output === 'json' ? `${data}\n` : `${eventLine(JSON.parse(data) as AdminEvent)}\n`);
  throw new AdminClientError(`${address} has ended the stream of events`);
}

function print(
  out: TextSink,
  output: 'table' | 'json',
  answer: unknown,
  lines: () => readonly string[],
): void {
  const text = output === 'json' ? [JSON.stringify(answer, null, 2)] : lines();
  out.write(text.map((line) => `${line}\n`).join(''));
}

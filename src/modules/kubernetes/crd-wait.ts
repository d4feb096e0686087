import type { Clock } from '../../common/clock.js';
import { formatGoDuration } from '../../common/go-duration.js';
import type { Log } from '../../common/log.js';
import { StartError } from '../../common/start-error.js';
import { Deadline } from './deadline.js';
import type { KubeApi, ResourceSink } from './kube-api.js';
import { Reflector } from './reflector.js';
import { resources } from './resources.js';

export interface CrdWaitOptions {
  readonly api: Pick<KubeApi, 'stream'>;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/** All of them, whatever the flags say: the original waits for the last one even without external workloads. */
const requiredCrds = ['ciliumendpoints', 'ciliumexternalworkloads', 'ciliumidentities', 'ciliumnodes'].map(
  (plural) => `${plural}.cilium.io`,
);

/** The required ones that the cluster has, and someone who wants to know when it has all. */
class CrdNames implements ResourceSink {
  private readonly present = new Set<string>();

  constructor(private readonly onComplete: () => void) {}

  upsert(key: string): void {
    if (!requiredCrds.includes(key)) return;
    this.present.add(key);
    if (this.present.size === requiredCrds.length) this.onComplete();
  }

  delete(key: string): void {
    this.present.delete(key);
  }

  keys(): Iterable<string> {
    return this.present;
  }

  synced(): void {
    // A name counts as soon as it is seen.
  }

  /** As the original prints them: `[crd:ciliumnodes.cilium.io crd:…]`. */
  missing(): string {
    const names = requiredCrds.filter((name) => !this.present.has(name));
    return `[${names.map((name) => `crd:${name}`).join(' ')}]`;
  }
}

/**
 * Resolves once the API server has shown every required CRD; what becomes of them later is not looked at. Lists and watches
 * names only, since that is what the chart's role permits. Returns quietly when the signal aborts.
 * @throws StartError after the timeout.
 */
export async function waitForCrds(options: CrdWaitOptions, signal: AbortSignal): Promise<void> {
  const { api, timeoutMs, clock, log, random } = options;
  const found = new Deadline(clock, Infinity, signal);
  const names = new CrdNames(() => found.abort());
  const resource = resources.customresourcedefinitions;
  const reflector = new Reflector({ api, resource, metadataOnly: true, sink: names, clock, log, random });
  log.info('Waiting until all Cilium CRDs are available');
  try {
    const watching = reflector.run(found.signal);
    await Promise.all([watching, complain(options, names, found)]);
  } finally {
    found.abort();
    found.release();
  }
  if (signal.aborted) return;
  if (names.missing() !== '[]') throw timedOut(timeoutMs, names.missing());
  log.info('All Cilium CRDs have been found and are available');
}

/** Each second, until they are found or the time is over. */
async function complain(
  { timeoutMs, clock, log }: CrdWaitOptions,
  names: CrdNames,
  found: Deadline,
): Promise<void> {
  const end = clock.monotonic() + timeoutMs;
  for (let left = timeoutMs; left > 0; left = end - clock.monotonic()) {
    await clock.sleep(Math.min(1000, left), found.signal);
    if (found.signal.aborted) return;
    log.info(`Still waiting for Cilium Operator to register the following CRDs: ${names.missing()}`);
  }
  found.abort();
}

function timedOut(timeoutMs: number, missing: string): StartError {
  const text =
    `Unable to find all Cilium CRDs necessary within ${formatGoDuration(timeoutMs)} timeout. ` +
    "Please ensure that Cilium Operator is running, as it's responsible for registering all the Cilium CRDs. " +
    `The following CRDs were not found: ${missing}`;
  return new StartError(text, { prefixed: false, cause: new Error('context deadline exceeded') });
}

import { waitForSignal } from '../cli/shutdown.js';
import { systemClock } from '../common/clock.js';
import type { Log } from '../common/log.js';
import type { EtcdInitOptions } from '../modules/config/etcdinit-options.js';
import { EtcdInit } from '../modules/etcd-init/etcd-init.js';

/** `localhost`, not an address: pods with only IPv4 and pods with only IPv6 both have it. */
const clientUrl = 'http://localhost:2379';
/** The second one is etcd's default for its peers. */
const ports = { client: 2379, peer: 2380 } as const;

/** Runs to the end; resolves with 0, or 128 + the signal's number. @throws StartError with exit code 255. */
export async function runEtcdInit(options: EtcdInitOptions, log: Log): Promise<number> {
  const stop = new AbortController();
  const interrupted = waitForSignal().then((signal) => {
    log.info('Signal received', { signal });
    stop.abort();
    return signal === 'SIGTERM' ? 143 : 130;
  });
  const init = new EtcdInit({
    ...options,
    etcdArgs: etcdArgs(options),
    ports,
    clock: systemClock,
    log: log.child('etcdinit'),
  });
  try {
    await init.run(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  return stop.signal.aborted ? interrupted : 0;
}

/** Exactly these (spec/operations.md §2.2): another token, name or URL would make another etcd. */
export function etcdArgs({ dataDir, etcdClusterName, initialClusterToken }: EtcdInitOptions): string[] {
  return [
    `--data-dir=${dataDir}`,
    `--name=${etcdClusterName}`,
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--initial-cluster-token=${initialClusterToken}`,
    '--initial-cluster-state=new',
  ];
}

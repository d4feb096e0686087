import { type Clock, systemClock } from '../common/clock.js';
import type { Log } from '../common/log.js';

export type StopSignal = 'SIGTERM' | 'SIGINT';

/** What `process` is to this file. */
export interface SignalSource {
  once(signal: StopSignal, listener: () => void): unknown;
  removeListener(signal: StopSignal, listener: () => void): unknown;
}

export interface StopOptions {
  readonly log: Log;
  /** Drains and closes everything. */
  readonly stop: () => Promise<void>;
  /** Default one minute. */
  readonly limitMs?: number;
  readonly clock?: Clock;
  readonly signals?: SignalSource;
}

/** Exit codes of a process that a signal ends: 128 + its number. */
const killed: Readonly<Record<StopSignal, number>> = { SIGTERM: 143, SIGINT: 130 };
const stopSignals = Object.keys(killed) as StopSignal[];

let forgetEarlySignals: () => void = () => undefined;

/**
 * Until everything is started a signal ends the process at once, by the system's default action. The first process
 * of a container has no default action, the kernel drops its signals; for it this does the same by hand.
 */
export function dieOfEarlySignals(exit: (code: number) => void, signals: SignalSource = process): void {
  forgetEarlySignals = onStopSignal(signals, (signal) => exit(killed[signal]));
}

/**
 * The first SIGTERM or SIGINT from now on: call it when everything is started. A second signal meets the system's
 * default action, so an impatient operator can end a process that is stuck in stopping.
 */
export function waitForSignal(signals: SignalSource = process): Promise<StopSignal> {
  forgetEarlySignals();
  return new Promise((resolve) => {
    onStopSignal(signals, resolve);
  });
}

/** Runs until a signal comes, then stops; resolves with the exit code: 0, or 1 when stopping failed or took too long. */
export async function serveUntilSignal(options: StopOptions): Promise<number> {
  const signal = await waitForSignal(options.signals);
  options.log.info('Signal received', { signal });
  return stopWithin(options);
}

/** Stops with a limit; resolves with the exit code as serveUntilSignal does. */
export async function stopWithin({
  log,
  stop,
  limitMs = 60_000,
  clock = systemClock,
}: StopOptions): Promise<number> {
  log.info('Stopping');
  const finished = new AbortController();
  const late = clock.sleep(limitMs, finished.signal).then(() => `still not stopped after ${limitMs} ms`);
  const failure = await Promise.race([
    stop().then(
      () => undefined,
      (error: unknown) => error ?? 'unknown',
    ),
    late,
  ]);
  finished.abort();
  if (failure === undefined) return 0;
  log.error('Failed to stop', { error: failure });
  return 1;
}

/** Calls back at the first of the stop signals, then listens to none of them. Returns how to stop listening before. */
function onStopSignal(signals: SignalSource, callback: (signal: StopSignal) => void): () => void {
  const listeners = stopSignals.map((signal) => ({ signal, listener: () => settle(signal) }));
  const forget = (): void => {
    for (const { signal, listener } of listeners) signals.removeListener(signal, listener);
  };
  const settle = (signal: StopSignal): void => {
    forget();
    callback(signal);
  };
  for (const { signal, listener } of listeners) signals.once(signal, listener);
  return forget;
}

import { type Apps, lazyApps } from '../../../src/cli/apps.js';
import { runCli } from '../../../src/cli/run-cli.js';
import type { ClustermeshOptions } from '../../../src/modules/config/clustermesh-options.js';

export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Log lines without their time. */
  readonly log: readonly string[];
  /** What the app was started with, if it was. */
  readonly started: readonly ClustermeshOptions[];
}

/** Runs the program in this process with an app that ends at once with 0, or as `app` says. */
export async function run(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  app: Apps['clustermesh'] = () => Promise.resolve(0),
): Promise<CliRun> {
  const out: string[] = [];
  const err: string[] = [];
  const log: string[] = [];
  const started: ClustermeshOptions[] = [];
  const apps: Apps = {
    ...lazyApps,
    clustermesh: (options, logger) => {
      started.push(options);
      return app(options, logger);
    },
  };
  const code = await runCli(
    {
      argv,
      env,
      stdout: { write: (text) => out.push(text) },
      stderr: { write: (text) => err.push(text) },
      logSink: { write: (line) => void log.push(line.replace(/^time="[^"]+" /, '').trimEnd()) },
    },
    apps,
  );
  return { code, stdout: out.join(''), stderr: err.join(''), log, started };
}

export const valid = ['clustermesh', '--kvstore-opt=etcd.address=h:1', '--k8s-kubeconfig-path=/k'];

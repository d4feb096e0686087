import 'reflect-metadata';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { serveUntilSignal } from '../cli/shutdown.js';
import type { Log } from '../common/log.js';
import { TaskGroup } from '../common/task-group.js';
import { HTTP_APP_OPTIONS } from '../modules/http/http-app-options.js';
import { NestLogger } from '../modules/logging/nest-logger.js';

/** What starts a program whose parts are made: resolves when started, its loops go on as tasks. @throws StartError. */
export interface Starter {
  run(tasks: TaskGroup): Promise<void>;
}

/**
 * Runs until a signal comes; resolves with the exit code. Rejects with StartError for what the operator can mend, also
 * later (the CRDs did not come), and with anything else for a bug.
 */
export async function serve(module: DynamicModule, starter: Type<Starter>, log: Log): Promise<number> {
  const app = await NestFactory.create(module, {
    ...HTTP_APP_OPTIONS,
    logger: new NestLogger(log.child('nest')),
    abortOnError: false,
  });
  await app.init();
  const { tasks, crashed } = superviseTasks();
  await Promise.race([app.get(starter).run(tasks), crashed]);
  const stop = async (): Promise<void> => {
    await tasks.stop();
    await app.close();
  };
  return Promise.race([serveUntilSignal({ log, stop }), crashed]);
}

/** Loops whose failure ends the process: `crashed` rejects with the first one's error. */
function superviseTasks(): { tasks: TaskGroup; crashed: Promise<never> } {
  let crash: (error: unknown) => void = () => undefined;
  const crashed = new Promise<never>((_, reject) => (crash = reject));
  return { tasks: new TaskGroup((_task, error) => crash(error)), crashed };
}

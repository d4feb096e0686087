import type { Log } from '../common/log.js';
import type { ClustermeshOptions } from '../modules/config/clustermesh-options.js';
import { buildInfo } from '../version.js';
import { ClustermeshStart } from './clustermesh-start.js';
import { ClustermeshModule } from './clustermesh.module.js';
import { serve } from './serve.js';

/** As serve(). */
export function runClustermesh(options: ClustermeshOptions, log: Log): Promise<number> {
  return serve(ClustermeshModule.register(options, log, buildInfo()), ClustermeshStart, log);
}

import type { Log } from '../common/log.js';
import type { KvstoremeshOptions } from '../modules/config/kvstoremesh-options.js';
import { buildInfo } from '../version.js';
import { KvstoremeshStart } from './kvstoremesh-start.js';
import { KvstoremeshAppModule } from './kvstoremesh.module.js';
import { serve } from './serve.js';

/** As serve(). */
export function runKvstoremesh(options: KvstoremeshOptions, log: Log): Promise<number> {
  return serve(KvstoremeshAppModule.register(options, log, buildInfo()), KvstoremeshStart, log);
}

import type { Log } from '../common/log.js';
import type { ClustermeshOptions } from '../modules/config/clustermesh-options.js';

/** The long-running part of each command; resolves with the exit code, throws StartError for what its operator can mend. */
export interface Apps {
  clustermesh(options: ClustermeshOptions, log: Log): Promise<number>;
}

/** Loaded, with all that they need, only when the options are right. */
export const lazyApps: Apps = {
  clustermesh: async (options, log) => {
    const { runClustermesh } = await import('../apps/clustermesh.app.js');
    return runClustermesh(options, log);
  },
};

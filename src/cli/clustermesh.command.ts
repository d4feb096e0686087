import type { ClustermeshOptions } from '../modules/config/clustermesh-options.js';
import { loadClustermeshOptions } from '../modules/config/load-clustermesh-options.js';
import type { Apps } from './apps.js';
import type { OptionCommand } from './option-command.js';

/** Kubernetes into etcd. */
export function clustermeshCommand(apps: Apps): OptionCommand<ClustermeshOptions> {
  return { name: 'clustermesh', load: loadClustermeshOptions, run: apps.clustermesh };
}

import { bodyDeadline } from './body-reader.js';
import type { KubeError } from './kube-api.js';

/** What a reflector was doing when it failed. */
export type ReflectorTask = 'list' | 'watch-list' | 'watch';

/**
 * over: the server ignored the end of the watch; watch again. relist: what is known cannot be continued from.
 * newest: as relist, and the version asked for is of no use. unsupported: no watch lists here. retry: an outage.
 */
export type ReflectorFailure = 'over' | 'relist' | 'newest' | 'unsupported' | 'retry';

/** Watches that fail so often in a row with an answer from the server are replaced by a list, which cannot be refused for its version. */
const maxRefusedWatches = 5;

export function classifyFailure(error: KubeError, task: ReflectorTask, failures: number): ReflectorFailure {
  if (error.reason === bodyDeadline) return 'over';
  if (isVersionAhead(error)) return 'newest';
  if (isVersionLost(error)) return task === 'watch' ? 'relist' : 'newest';
  if (task === 'watch-list') return isUnsupported(error) ? 'unsupported' : 'retry';
  return task === 'watch' && isRefusal(error, failures) ? 'relist' : 'retry';
}

/** 422 names the feature gate; 400 comes from servers that do not know the parameters. */
function isUnsupported({ status }: KubeError): boolean {
  return status === 400 || status === 422;
}

function isVersionLost({ status, reason }: KubeError): boolean {
  return status === 410 || reason === 'Expired' || reason === 'Gone';
}

/** Another API server, whose cache lags, or an etcd restored from a backup. */
function isVersionAhead({ status, message }: KubeError): boolean {
  return status === 504 && message.includes('Too large resource version');
}

/** 401 and 403 are about us, 429 and 5xx about the server's state: a list would fare no better. */
function isRefusal({ status }: KubeError, failures: number): boolean {
  if (status === 0 || status === 401 || status === 403 || status === 429) return false;
  return status < 500 || failures >= maxRefusedWatches;
}

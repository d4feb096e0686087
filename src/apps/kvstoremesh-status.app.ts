import type { TextSink } from '../common/text-sink.js';
import type { KvstoreMeshStatusOptions } from '../modules/config/debug-options.js';

export async function runKvstoreMeshStatus(
  _options: KvstoreMeshStatusOptions,
  _out: TextSink,
): Promise<number> {
  return 0;
}

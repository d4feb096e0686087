import type { TextSink } from '../common/text-sink.js';
import type { TroubleshootOptions } from '../modules/config/debug-options.js';

export async function runTroubleshoot(_options: TroubleshootOptions, _out: TextSink): Promise<number> {
  return 0;
}

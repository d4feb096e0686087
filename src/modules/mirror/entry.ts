import type { Bytes } from '../../common/bytes.js';

/** One key with the value it shall have. Both flat strings: they are kept as long as the key lives. */
export interface Entry {
  readonly key: Bytes;
  readonly value: Bytes;
}

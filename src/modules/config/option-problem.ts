import type { LogFields } from '../../common/log.js';

/** Something that is wrong with one option, in words that stand alone. */
export interface OptionProblem {
  /** Name in the table of flags. */
  readonly flag: string;
  /** The original's text where it has one (spec/k8s-sync.md §3). */
  readonly message: string;
  /** The command line itself is wrong: shown with the usage instead of as a log line. */
  readonly usage: boolean;
  /** As its user wrote it: `--cluster-id` or `CILIUM_CLUSTER_ID`. */
  readonly option?: string;
  readonly value?: string;
  readonly expected?: string;
  /** Lines that are logged before, when one option can be wrong in several ways. */
  readonly details?: readonly { readonly message: string; readonly fields: LogFields }[];
}

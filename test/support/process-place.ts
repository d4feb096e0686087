import type { ChildOptions } from './child.js';

/** Where a test's servers run, if not beside the test. */
export interface ProcessPlace {
  /** The same command, run there. */
  command(options: ChildOptions): ChildOptions;
  /** Lets 127.0.0.1:`port` of this machine lead to the same address there. */
  publish(port: number): Promise<void>;
}

/** Says whether this process may write to etcd now; where replicas share one etcd, that is the leader's alone. */
export interface WriteFence {
  mayWrite(): boolean;
}

export const WRITE_FENCE = Symbol('WriteFence');

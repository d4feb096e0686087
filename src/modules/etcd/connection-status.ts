import type { Stage, StageStatus } from '../../common/stage.js';
import type { MemberStatus } from './etcd-dialer.js';

export type ConnectionState = 'waiting-for-files' | 'connecting' | 'connected' | 'disconnected' | 'reloading';

export interface ConnectionFacts {
  /** Absent before the first connection, as is the member. */
  readonly endpoint: string | undefined;
  readonly member: MemberStatus | undefined;
  readonly inFlightCalls: number;
  readonly reconnects: number;
  readonly reloads: number;
}

const healthyStates: readonly ConnectionState[] = ['connected', 'reloading'];

/** The stage `etcd/connection` as /status shows it. */
export function connectionStatus(
  stage: Stage<ConnectionState>,
  { endpoint, member, ...counts }: ConnectionFacts,
): StageStatus {
  return {
    name: 'etcd/connection',
    state: stage.state,
    since: stage.since,
    healthy: healthyStates.includes(stage.state),
    ...(stage.lastError ? { lastError: stage.lastError } : {}),
    counts: {
      ...counts,
      ...(member && {
        dbSizeBytes: member.dbSizeBytes,
        dbSizeInUseBytes: member.dbSizeInUseBytes,
        alarms: member.errors.length,
      }),
    },
    details: {
      endpoint: endpoint ?? null,
      ...(member && {
        version: member.version,
        clusterId: member.clusterId,
        memberId: member.memberId,
        leader: member.leader,
      }),
    },
  };
}

import { describe, expect, it } from 'vitest';
import { ManualClock } from '../common/manual-clock.js';
import { candidate, FakeLease } from '../../support/lease-lab.js';
import type { LeaderElection } from '../../../src/modules/leader-election/leader-election.js';

interface Run {
  readonly election: LeaderElection;
  readonly stop: AbortController;
  failure?: Error;
}

function start(lease: FakeLease, identity: string, clock: ManualClock): Run {
  const run: Run = { election: candidate(lease, identity, clock), stop: new AbortController() };
  void run.election
    .acquire(run.stop.signal)
    .then(() => run.election.hold(run.stop.signal))
    .catch((error: Error) => (run.failure = error));
  return run;
}

describe('LeaderElection', () => {
  it('writes the lease as client-go does, and renews it every two seconds', async () => {
    const [clock, lease] = [new ManualClock(), new FakeLease()];
    const east = start(lease, 'east', clock);
    await clock.advance(0);
    expect(east.election.isLeading()).toBe(true);
    const time = '1970-01-01T00:00:00.000000Z';
    expect(lease.lease).toMatchObject({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace: 'kube-system', name: 'writers' },
      spec: {
        holderIdentity: 'east',
        leaseDurationSeconds: 15,
        acquireTime: time,
        renewTime: time,
        leaseTransitions: 0,
      },
    });
    await clock.advance(60_000);
    expect(lease.lease?.spec).toMatchObject({ acquireTime: time, renewTime: '1970-01-01T00:01:00.000000Z' });
    expect(east.election.stageStatus()[0]?.counts['renewals']).toBe(31);
  });

  it('lets a standby take over when the leader has been silent for a lease, and not before', async () => {
    const [clock, lease] = [new ManualClock(), new FakeLease()];
    const east = start(lease, 'east', clock);
    await clock.advance(0);
    const west = start(lease, 'west', clock);
    await clock.advance(3_000);
    expect(west.election.state).toBe('standby');
    // Killed: it neither renews nor releases.
    east.stop.abort();
    await clock.advance(13_500);
    expect(west.election.isLeading()).toBe(false);
    await clock.advance(4_000);
    expect(west.election.isLeading()).toBe(true);
    expect(lease.lease?.spec).toMatchObject({ holderIdentity: 'west', leaseTransitions: 1 });
  });

  it('lets a standby take over at once when the leader releases', async () => {
    const [clock, lease] = [new ManualClock(), new FakeLease()];
    const east = start(lease, 'east', clock);
    await clock.advance(0);
    const west = start(lease, 'west', clock);
    await clock.advance(0);
    east.stop.abort();
    await east.election.release();
    expect(east.election.isLeading()).toBe(false);
    expect(lease.lease?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await clock.advance(2_000);
    expect(west.election.isLeading()).toBe(true);
  });

  it('ends the leadership ten seconds after the last renewal that was answered', async () => {
    const [clock, lease] = [new ManualClock(), new FakeLease()];
    const east = start(lease, 'east', clock);
    await clock.advance(4_000);
    lease.weather = () => 'refused';
    await clock.advance(9_900);
    expect(east.election.isLeading()).toBe(true);
    expect(east.failure).toBeUndefined();
    await clock.advance(200);
    expect(east.election.isLeading()).toBe(false);
    expect(east.failure?.message).toMatch(/^Leader election lost/);
    expect(east.election.state).toBe('lost');
  });

  it('does not lead after a stall, before any timer has fired', async () => {
    const [clock, lease] = [new ManualClock(), new FakeLease()];
    const east = start(lease, 'east', clock);
    await clock.advance(0);
    clock.stall(10_000);
    expect(east.election.isLeading()).toBe(false);
  });

  it('goes on leading when the answer to a renewal is lost', async () => {
    const [clock, lease] = [new ManualClock(), new FakeLease()];
    const east = start(lease, 'east', clock);
    await clock.advance(0);
    lease.weather = () => 'lost';
    await clock.advance(4_000);
    lease.weather = () => 'fine';
    await clock.advance(60_000);
    expect(east.election.isLeading()).toBe(true);
  });

  it('stops leading when another holds the lease', async () => {
    const [clock, lease] = [new ManualClock(), new FakeLease()];
    const east = start(lease, 'east', clock);
    await clock.advance(0);
    lease.lease = { metadata: { name: 'writers', resourceVersion: '99' }, spec: { holderIdentity: 'thief' } };
    await clock.advance(2_000);
    expect(east.election.isLeading()).toBe(false);
    expect(east.failure?.message).toMatch(/^Leader election lost/);
  });
});

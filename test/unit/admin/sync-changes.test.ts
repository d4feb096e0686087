import { describe, expect, it } from 'vitest';
import type { Look } from '../../../src/modules/admin/events/look.js';
import {
  driftChanges,
  leaseChanges,
  leasesRestored,
  readyChanges,
  scopeChanges,
} from '../../../src/modules/admin/events/sync-changes.js';
import type { ScopeStatus } from '../../../src/modules/mirror/mirror-api.js';

const scope = (more: Partial<ScopeStatus> = {}): ScopeStatus => ({
  scope: 'ip/v1',
  keys: 7,
  dirty: 0,
  inFlight: 0,
  refused: 0,
  synced: true,
  canary: true,
  ...more,
});
const look = (more: Partial<Look> = {}): Look => ({
  at: 9,
  ready: true,
  stages: [],
  scopes: [],
  repairs: [],
  ...more,
});
const leases = (lostLeases: number): Look =>
  look({
    stages: [{ name: 'etcd/leases', state: 'alive', since: 1, healthy: true, counts: { lostLeases } }],
  });

describe('events of the synchronization', () => {
  it('tells of the first list and of the canary, once', () => {
    const before = look({ scopes: [scope({ synced: false, canary: false })] });
    const after = look({ scopes: [scope()] });
    expect(scopeChanges(before, after, () => undefined).map(({ text }) => text)).toEqual([
      'the first list is stored, 7 keys',
      'the canary is written',
    ]);
    expect(scopeChanges(after, after, () => undefined)).toEqual([]);
  });

  it('leaves those of remote clusters to their stage', () => {
    const before = look({ scopes: [scope({ cluster: 'west', synced: false, canary: false })] });
    expect(scopeChanges(before, look({ scopes: [scope({ cluster: 'west' })] }), () => undefined)).toEqual([]);
  });

  it('names one of the keys that etcd refuses, and tells when it takes them', () => {
    const refused = look({ scopes: [scope({ refused: 3 })] });
    expect(scopeChanges(look({ scopes: [scope()] }), refused, () => 'a/k')).toEqual([
      expect.objectContaining({
        level: 'warning',
        subject: 'ip/v1',
        text: 'refused by etcd for good, one of them: a/k',
        count: 3,
      }),
    ]);
    expect(scopeChanges(refused, look({ scopes: [scope()] }), () => 'a/k')).toEqual([
      expect.objectContaining({ level: 'info', text: 'refused no longer', count: 3 }),
    ]);
  });

  it('counts the repairs since the last look: a thousand are one event', () => {
    const tally = { scope: 'ip/v1', kind: 'deleted', count: 5, key: 'a/k' } as const;
    const after = look({ repairs: [{ ...tally, count: 1005, key: 'a/l' }] });
    expect(driftChanges(look({ repairs: [tally] }), after)).toEqual([
      expect.objectContaining({
        subject: 'ip/v1',
        count: 1000,
        text: 'deleted by somebody else, written again, the latest: a/l',
      }),
    ]);
    expect(driftChanges(after, after)).toEqual([]);
  });

  it('counts lost leases, and tells when all keys are stored again', () => {
    expect(leaseChanges(leases(1), leases(3))).toEqual([
      expect.objectContaining({ count: 2, level: 'warning' }),
    ]);
    expect(leaseChanges(leases(3), leases(3))).toEqual([]);
    expect(leasesRestored(look({ scopes: [scope({ dirty: 1 })] }))).toBeUndefined();
    expect(leasesRestored(look({ scopes: [scope({ inFlight: 1 })] }))).toBeUndefined();
    expect(leasesRestored(look({ scopes: [scope()] }))).toMatchObject({ kind: 'lease', level: 'info' });
  });

  it('tells when everything is synchronized', () => {
    const after = look({ scopes: [scope(), scope({ scope: 'nodes/v1', keys: 3 })] });
    expect(readyChanges(look({ ready: false }), after)).toEqual([
      expect.objectContaining({ text: 'ready: everything is synchronized, 10 keys' }),
    ]);
    expect(readyChanges(after, after)).toEqual([]);
  });
});

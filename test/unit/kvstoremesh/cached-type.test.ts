import { describe, expect, it } from 'vitest';
import { CachedType } from '../../../src/modules/kvstoremesh/cached-type.js';
import { typeScope } from '../../../src/modules/kvstoremesh/mesh-keys.js';
import { DesiredState } from '../../../src/modules/mirror/desired-state.js';
import { ManualClock } from '../common/manual-clock.js';

describe(CachedType, () => {
  const right = (ip: string): string => JSON.stringify({ IP: ip, Mask: null });
  const begin = () => {
    const desired = new DesiredState([typeScope('ip', 'east')]);
    const [scope] = desired.scopes.values();
    const told: string[] = [];
    const type = new CachedType({
      type: 'ip',
      cluster: 'east',
      scope: scope!,
      desired,
      clock: new ManualClock(),
      onFault: (_type, key) => told.push(key),
    });
    type.expect(1, 255);
    return { type, told, desired, scope: scope! };
  };

  it('checks the entries of a list when it is asked to, later ones at once', () => {
    const { type, told } = begin();
    type.enter('listing');
    type.put('10.0.0.1', right('10.0.0.1'));
    type.put('10.0.0.2', 'garbage');
    expect(type.faulty).toBe(0);
    type.enter('watching');

    for (const _ of type.checks());
    type.put('10.0.0.3', 'garbage');

    expect(told).toEqual(['cilium/cache/ip/v1/east/10.0.0.2', 'cilium/cache/ip/v1/east/10.0.0.3']);
    expect(type.faulty).toBe(2);
    type.put('10.0.0.2', right('10.0.0.2'));
    type.remove('10.0.0.3');
    expect(type.faulty).toBe(0);
  });

  it('checks no entry that goes in the middle of it', () => {
    const { type, told } = begin();
    for (const ip of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) type.put(ip, 'garbage');
    type.enter('watching');

    const steps = type.checks();
    steps.next();
    type.remove('10.0.0.2');
    for (const _ of steps);

    expect(told.map((key) => key.slice(-1))).toEqual(['1', '3']);
    expect(type.faulty).toBe(2);
  });
});

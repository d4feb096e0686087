import type { Keys } from '../support/snapshot.js';
import type { GoldenCase } from './golden-case.js';

/** A case whose result of a fresh start is known. */
export interface FreshStart {
  readonly golden: GoldenCase;
  readonly expected: Keys;
}

/**
 * A program that starts when all steps are done needs a process a case. Cases that share no object, no address and no key cannot
 * tell whether the others are there, so they share one process: groups of such cases, as few as a greedy choice finds.
 */
export function groupFreshStarts(cases: readonly FreshStart[]): FreshStart[][] {
  const groups: { members: FreshStart[]; taken: Set<string> }[] = [];
  for (const fresh of cases) {
    const claims = claimsOf(fresh);
    let group = groups.find(({ taken }) => ![...claims].some((claim) => taken.has(claim)));
    if (!group) groups.push((group = { members: [], taken: new Set() }));
    group.members.push(fresh);
    for (const claim of claims) group.taken.add(claim);
  }
  return groups.map(({ members }) => members);
}

/** Everything by which one case could touch another: objects, the Services that slices name, addresses, keys. */
function claimsOf({ golden, expected }: FreshStart): Set<string> {
  const claims = new Set(Object.keys(expected));
  for (const step of golden.steps) {
    const objects = 'apply' in step ? step.apply : 'delete' in step ? step.delete : [];
    for (const object of objects) {
      const { namespace = '', name, labels } = object.metadata;
      const service = object.kind === 'EndpointSlice' ? labels?.['kubernetes.io/service-name'] : name;
      claims.add(`${object.kind} ${namespace}/${name}`);
      if (service !== undefined && object.apiVersion !== 'cilium.io/v2')
        claims.add(`Service ${namespace}/${service}`);
      for (const address of addressesOf(object)) claims.add(`address ${address}`);
    }
  }
  return claims;
}

const addressFields = /"(?:clusterIP|ipv4|ipv6)":"([^"]+)"/g;

function addressesOf(object: object): string[] {
  return [...JSON.stringify(object).matchAll(addressFields)]
    .map(([, address]) => address!.toLowerCase())
    .filter((address) => address !== 'none');
}

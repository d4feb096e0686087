import { bytesOf } from '../../../common/bytes.js';
import { parseCidr } from '../../../common/cidr.js';
import type { KubeObject } from '../../kubernetes/kube-api.js';
import { fieldsOf } from './fields.js';
import { identityKeys } from './keys.js';
import type { Complaint, Projected } from './projection.js';
import { noComplaints } from './projection.js';

const prefix = identityKeys.prefix('');
const reservedPrefix = 'reserved.';

interface Label {
  readonly source: string;
  /** Sort key first: order is by key, then source, then value, each bytewise. */
  readonly key: string;
  readonly value: string;
}

/**
 * CiliumIdentity → `cilium/state/identities/v1/id/<name>`, a plain list `source:key=value;` with nothing escaped
 * (spec/k8s-sync.md §8). An identity without labels is ignored and keeps its earlier value; so is one with a label that is no
 * text, for a part of an identity's labels is a different identity.
 */
export function projectIdentity(object: KubeObject): Projected {
  const identity = object.metadata.name;
  const labels = labelsOf(fieldsOf((object as { 'security-labels'?: unknown })['security-labels']));
  if (labels === undefined) return ignored(identity, 'a security label is no text');
  if (labels.length === 0) return ignored(identity, 'missing security labels');
  let value = '';
  for (const label of labels.sort(compareLabels)) value += `${label.source}:${label.key}=${label.value};`;
  return {
    kind: 'entries',
    // Bytes already: the labels were compared and joined as such.
    entries: [{ key: bytesOf(prefix + identity), value: Buffer.from(value, 'latin1').toString('latin1') }],
    complaints: complaintsOf(labels),
  };
}

function ignored(identity: string, error: string): Projected {
  return {
    kind: 'keep',
    complaints: [{ message: 'Ignoring invalid identity', fields: { identity, error } }],
  };
}

/** The labels as Bytes; undefined when one of them is no text. */
function labelsOf(fields: Readonly<Record<string, unknown>>): Label[] | undefined {
  const labels: Label[] = [];
  for (const name of Object.keys(fields)) {
    const value = fields[name] ?? '';
    if (typeof value !== 'string') return undefined;
    labels.push(labelOf(bytesOf(name), bytesOf(value)));
  }
  return labels;
}

function labelOf(name: string, value: string): Label {
  const { source, key } = splitName(name);
  return source === 'reserved' && key === '' ? { source, key: value, value: '' } : { source, key, value };
}

function splitName(name: string): { source: string; key: string } {
  if (name.startsWith('$')) return { source: 'reserved', key: name.slice(1) };
  const colon = name.indexOf(':');
  if (colon >= 0) return { source: name.slice(0, colon) || 'unspec', key: name.slice(colon + 1) };
  if (name.startsWith(reservedPrefix)) return { source: 'reserved', key: name.slice(reservedPrefix.length) };
  return { source: 'unspec', key: name };
}

/** Go's original leaves labels of equal keys in random order; ordered by source, then value, they are the same every time. */
function compareLabels(a: Label, b: Label): number {
  return compare(a.key, b.key) || compare(a.source, b.source) || compare(a.value, b.value);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A `cidr:` label writes the colons of IPv6 as `-`. A bad one is exported all the same. */
function complaintsOf(labels: readonly Label[]): readonly Complaint[] {
  const bad = labels.filter(({ source, key }) => source === 'cidr' && !parseCidr(key.replaceAll('-', ':')));
  if (bad.length === 0) return noComplaints;
  return bad.map(({ key }) => ({ message: 'Failed to parse CIDR label: invalid prefix.', fields: { key } }));
}

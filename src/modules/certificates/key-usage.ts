/** Bits of the extension keyUsage (RFC 5280 §4.2.1.3), by the names that cfssl, and so cilium-certgen, gives them. */
const keyUsages = {
  signing: 1,
  'digital signature': 1,
  'content commitment': 2,
  'key encipherment': 4,
  'data encipherment': 8,
  'key agreement': 16,
  'cert sign': 32,
  'crl sign': 64,
} as const;

/** Object identifiers of the extension extKeyUsage (RFC 5280 §4.2.1.12). */
const extendedKeyUsages = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  timestamping: '1.3.6.1.5.5.7.3.8',
} as const;

export type Usage = keyof typeof keyUsages | keyof typeof extendedKeyUsages;

export function isUsage(name: string): name is Usage {
  return Object.hasOwn(keyUsages, name) || Object.hasOwn(extendedKeyUsages, name);
}

/** What may be done with a key, as the two extensions of its certificate say it. */
export interface KeyUses {
  /** Bits; 0: not restricted. */
  readonly bits: number;
  /** Object identifiers, sorted; none: not restricted. */
  readonly extended: readonly string[];
}

export function keyUses(usages: readonly Usage[]): KeyUses {
  let bits = 0;
  const extended = new Set<string>();
  for (const usage of usages) {
    if (usage in keyUsages) bits |= keyUsages[usage as keyof typeof keyUsages];
    else extended.add(extendedKeyUsages[usage as keyof typeof extendedKeyUsages]);
  }
  return { bits, extended: [...extended].toSorted() };
}

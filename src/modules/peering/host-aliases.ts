import type { HostAlias } from './cluster-objects.js';

/**
 * The aliases of a pod with this name leading to these addresses and to no others; other names stay. The same list if it does
 * already: another order would restart the pods.
 */
export function withAlias(
  aliases: readonly HostAlias[],
  hostname: string,
  ips: readonly string[],
): readonly HostAlias[] {
  const present = aliases.filter(({ hostnames }) => hostnames?.includes(hostname)).map(({ ip }) => ip);
  if (present.toSorted().join() === ips.toSorted().join()) return aliases;
  const others = withoutAlias(aliases, hostname);
  const known = others.map((alias) =>
    ips.includes(alias.ip) ? { ...alias, hostnames: [...(alias.hostnames ?? []), hostname] } : alias,
  );
  const fresh = ips.filter((ip) => !others.some((alias) => alias.ip === ip));
  return [...known, ...fresh.map((ip) => ({ ip, hostnames: [hostname] }))];
}

/** The aliases of a pod without this name. */
export function withoutAlias(aliases: readonly HostAlias[], hostname: string): HostAlias[] {
  return aliases
    .map((alias) => ({ ...alias, hostnames: (alias.hostnames ?? []).filter((name) => name !== hostname) }))
    .filter(({ hostnames }) => hostnames.length > 0);
}

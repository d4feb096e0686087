/**
 * The `scope` label of a key or prefix (spec/operations.md §7): the third and fourth path element when there are four,
 * else the first 12 characters. `cilium/state/nodes/v1/alpha/n1` is `nodes/v1`, `cilium/.heartbeat` is `cilium/.hear`.
 */
export function kvstoreScope(key: string): string {
  const [, , third, fourth] = key.split('/', 4);
  return third !== undefined && fourth !== undefined ? `${third}/${fourth}` : key.slice(0, 12);
}

/** IP texts in the two grammars of Go, in Go's canonical spelling (spec/k8s-sync.md §7). */
import { familyOf, isMappedIpv4, printIpv6, printTail, readIpv4, readIpv6 } from './ip-text.js';

/**
 * `net.ParseIP(text).String()`: no zones; IPv4-mapped IPv6 becomes IPv4. undefined: not an address.
 * For nodes, endpoints (keys too), host addresses and service frontends.
 */
export function canonicalIp(text: string): string | undefined {
  const family = familyOf(text);
  if (family === 4) return readIpv4(text, 0, text.length) >= 0 ? text : undefined;
  if (family === 0 || !readIpv6(text, text.length)) return undefined;
  return isMappedIpv4() ? printTail() : printIpv6();
}

/** `netip.ParseAddr(text).String()`: zones are kept, IPv4-mapped IPv6 stays `::ffff:1.2.3.4`. undefined: not an address. */
export function canonicalNetipAddress(text: string): string | undefined {
  const family = familyOf(text);
  if (family === 4) return readIpv4(text, 0, text.length) >= 0 ? text : undefined;
  if (family === 0) return undefined;
  const percent = text.indexOf('%');
  const end = percent < 0 ? text.length : percent;
  if (percent === text.length - 1 || !readIpv6(text, end)) return undefined;
  return (isMappedIpv4() ? '::ffff:' + printTail() : printIpv6()) + text.slice(end);
}

/**
 * The address of a service backend: netip's grammar with an optional cluster id, `10.1.0.1@5`, which is checked (a decimal
 * uint32) and dropped. undefined: not an address.
 */
export function canonicalBackendAddress(text: string): string | undefined {
  const at = text.lastIndexOf('@');
  if (at < 0) return canonicalNetipAddress(text);
  const id = text.slice(at + 1);
  if (!/^\d+$/.test(id) || Number(id) > 0xffffffff) return undefined;
  return canonicalNetipAddress(text.slice(0, at));
}

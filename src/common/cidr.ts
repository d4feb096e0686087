import {
  familyOf,
  isMappedIpv4,
  maskIpv6,
  printIpv4,
  printIpv6,
  printTail,
  readIpv4,
  readIpv6,
} from './ip-text.js';

/** A network as Go's net.IPNet prints in JSON (spec/k8s-sync.md §7). */
export interface Cidr {
  /** By the printed address: an IPv4-mapped network counts as IPv4, though its mask has 16 bytes. */
  readonly family: 4 | 6;
  /** Network address, host bits cleared. */
  readonly ip: string;
  /** Standard base64 of the 4 or 16 mask bytes. */
  readonly mask: string;
}

/** `net.ParseCIDR(text)`, its network. Leading zeros in the length are accepted; signs, spaces and zones are not. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const length = text.slice(slash + 1);
  if (slash < 0 || !/^\d+$/.test(length)) return undefined;
  const address = text.slice(0, slash);
  const family = familyOf(address);
  if (family === 0) return undefined;
  return family === 4 ? ipv4Network(address, Number(length)) : ipv6Network(address, Number(length));
}

function ipv4Network(text: string, bits: number): Cidr | undefined {
  const address = readIpv4(text, 0, text.length);
  if (address < 0 || bits > 32) return undefined;
  return { family: 4, ip: printIpv4(address - (address % 2 ** (32 - bits))), mask: maskText(bits, 4) };
}

function ipv6Network(text: string, bits: number): Cidr | undefined {
  if (bits > 128 || !readIpv6(text, text.length)) return undefined;
  maskIpv6(bits);
  const mask = maskText(bits, 16);
  return isMappedIpv4() ? { family: 4, ip: printTail(), mask } : { family: 6, ip: printIpv6(), mask };
}

function maskText(bits: number, bytes: 4 | 16): string {
  const mask = Buffer.alloc(bytes);
  for (let i = 0; i < bytes; i++) mask[i] = 0xff00 >> Math.min(8, Math.max(0, bits - i * 8));
  return mask.toString('base64');
}

/** JSON of a network, `null` for none. */
export function cidrJson(cidr: Cidr | undefined): string {
  return cidr ? `{"IP":"${cidr.ip}","Mask":"${cidr.mask}"}` : 'null';
}

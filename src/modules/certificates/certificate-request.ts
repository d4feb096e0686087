import { parse } from 'yaml';
import { parseGoDuration } from '../../common/go-duration.js';
import { StartError } from '../../common/start-error.js';
import { isUsage, type Usage } from './key-usage.js';

/** One certificate that is asked for, and the secret that it is kept in. */
export interface CertificateRequest {
  readonly name: string;
  readonly namespace: string;
  readonly commonName: string;
  /** DNS names and IP addresses. */
  readonly hosts: readonly string[];
  readonly usages: readonly Usage[];
  readonly validityMs: number;
}

/**
 * The list in the form of cilium-certgen: `certs: [{name, namespace, commonName, hosts?, usage, validity}]`, YAML or JSON.
 * @throws StartError that says which entry is wrong, and how.
 */
export function parseRequests(text: string): CertificateRequest[] {
  const certs = entriesOf(text);
  if (!Array.isArray(certs) || certs.length === 0) throw refused('`certs` must be a list with an entry');
  const requests = certs.map((entry, index) => request(entry, `certs[${index}]`));
  const places = requests.map(({ namespace, name }) => `${namespace}/${name}`);
  const twice = places.find((place, index) => places.indexOf(place) !== index);
  if (twice !== undefined) throw refused(`the secret ${twice} is asked for twice`);
  return requests;
}

function entriesOf(text: string): unknown {
  try {
    return (parse(text) as { certs?: unknown } | null)?.certs;
  } catch (error) {
    throw refused(`neither YAML nor JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function request(entry: unknown, where: string): CertificateRequest {
  const fields = (entry ?? {}) as Record<string, unknown>;
  const usages = texts(fields['usage'], `${where}.usage`);
  const unknown = usages.find((usage) => !isUsage(usage));
  if (unknown !== undefined) throw refused(`${where}.usage: unknown usage ${JSON.stringify(unknown)}`);
  return {
    name: text(fields['name'], `${where}.name`),
    namespace: text(fields['namespace'], `${where}.namespace`),
    commonName: text(fields['commonName'], `${where}.commonName`),
    hosts: texts(fields['hosts'] ?? [], `${where}.hosts`),
    usages: usages.filter(isUsage),
    validityMs: duration(fields['validity'], `${where}.validity`),
  };
}

function text(value: unknown, where: string): string {
  if (typeof value !== 'string' || value === '') throw refused(`${where} must be a text`);
  return value;
}

function texts(value: unknown, where: string): string[] {
  if (!Array.isArray(value)) throw refused(`${where} must be a list`);
  return value.map((item, index) => text(item, `${where}[${index}]`));
}

function duration(value: unknown, where: string): number {
  const written = text(value, where);
  try {
    const ms = parseGoDuration(written);
    if (ms >= 60_000) return ms;
  } catch (error) {
    throw refused(`${where}: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw refused(`${where} must be 1m or longer`);
}

function refused(why: string): StartError {
  return new StartError(`the list of certificates is wrong: ${why}`, { prefixed: false });
}

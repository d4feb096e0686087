import { isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { StartError } from '../../../common/start-error.js';

/** How to reach etcd, as its configuration file says. */
export interface EtcdConfig {
  /** `https://host:port`, `http://host:port` or `host:port`, in the file's order. At least one. */
  readonly endpoints: readonly string[];
  readonly caFile?: string;
  /** Both or none. */
  readonly clientCert?: { readonly certFile: string; readonly keyFile: string };
  /** No TLS for endpoints without a scheme; certificates and CA are not read. */
  readonly insecureTransport: boolean;
  readonly insecureSkipTlsVerify: boolean;
  readonly login?: { readonly username: string; readonly password: string };
  /** Keep-alive pings even while no call is under way; etcd's server cuts clients that do so unless told otherwise. */
  readonly permitWithoutStream: boolean;
}

/** What is wrong with the configuration of the etcd client: waiting would not cure it, so the program ends. */
export class EtcdConfigError extends StartError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EtcdConfigError';
  }
}

type FieldType = 'string' | 'boolean' | 'number' | 'strings';

/**
 * Every key that the original reads, with the type that it insists on (spec/operations.md §4.1). Those that this program has no
 * use for are checked all the same: a file is good for both or for none.
 */
const fields = {
  endpoints: 'strings',
  'trusted-ca-file': 'string',
  'ca-file': 'string',
  'cert-file': 'string',
  'key-file': 'string',
  'insecure-transport': 'boolean',
  'insecure-skip-tls-verify': 'boolean',
  username: 'string',
  password: 'string',
  'auto-sync-interval': 'number',
  'dial-timeout': 'number',
  'dial-keep-alive-time': 'number',
  'dial-keep-alive-timeout': 'number',
  'reject-old-cluster': 'boolean',
  'permit-without-stream': 'boolean',
  'max-unary-retries': 'number',
  'backoff-wait-between': 'number',
  'backoff-jitter-fraction': 'number',
} as const satisfies Record<string, FieldType>;

type FieldName = keyof typeof fields;
type Values = Partial<Record<FieldName, unknown>>;

/** The configuration that `--kvstore-opt etcd.address=` stands for. @throws EtcdConfigError. */
export function configOfAddress(address: string): EtcdConfig {
  checkEndpoint(address, 'etcd.address');
  return {
    endpoints: [address],
    insecureTransport: true,
    insecureSkipTlsVerify: false,
    permitWithoutStream: false,
  };
}

/**
 * Reads the configuration file: YAML or JSON, keys in any case, unknown keys ignored, a later key wins.
 * @param path only for messages.
 * @throws EtcdConfigError that names file, line, key and value.
 */
export function parseEtcdConfig(text: string, path: string): EtcdConfig {
  const { username: _login, ...config } = readEtcdConfig(text, path);
  const { endpoints } = config;
  if (endpoints.length === 0) throw new EtcdConfigError(`${path}: etcdclient: no available endpoints`);
  for (const endpoint of endpoints) checkEndpoint(endpoint, `${path}: endpoints`);
  return config;
}

/**
 * The same as far as it can be read, for whoever shows what is wrong with it: the endpoints may be none or not well formed.
 * `username` is there even if there is no password, without which it is not used.
 * @throws EtcdConfigError.
 */
export function readEtcdConfig(text: string, path: string): EtcdConfig & { readonly username?: string } {
  const values = readValues(text, path);
  const insecureTransport = values['insecure-transport'] === true;
  return {
    endpoints: (values.endpoints ?? []) as string[],
    ...(insecureTransport ? {} : files(values)),
    insecureTransport,
    insecureSkipTlsVerify: values['insecure-skip-tls-verify'] === true,
    ...login(values),
    ...(values.username ? { username: values.username as string } : {}),
    permitWithoutStream: values['permit-without-stream'] === true,
  };
}

function files(values: Values): Pick<EtcdConfig, 'caFile' | 'clientCert'> {
  const text = (name: FieldName): string => (values[name] ?? '') as string;
  const caFile = text('trusted-ca-file') || text('ca-file');
  const [certFile, keyFile] = [text('cert-file'), text('key-file')];
  return {
    ...(caFile ? { caFile } : {}),
    ...(certFile && keyFile ? { clientCert: { certFile, keyFile } } : {}),
  };
}

function login({ username, password }: Values): Pick<EtcdConfig, 'login'> {
  return username && password
    ? { login: { username: username as string, password: password as string } }
    : {};
}

function checkEndpoint(endpoint: string, where: string): void {
  if (!/^(https?:\/\/)?(\[[^\]/]+\]|[^:/[\]]+):\d+\/?$/.test(endpoint)) {
    throw new EtcdConfigError(`${where}: ${JSON.stringify(endpoint)} is not [http[s]://]host:port`);
  }
}

function readValues(text: string, path: string): Values {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const at = (offset: number | undefined): string =>
    offset === undefined ? path : `${path}:${lines.linePos(offset).line}`;
  const [error] = document.errors;
  if (error) throw new EtcdConfigError(`${at(error.pos[0])}: ${error.message}`, { cause: error });
  if (document.contents === null) return {};
  if (!isMap(document.contents)) {
    throw new EtcdConfigError(`${at(document.contents.range?.[0])}: not a list of "key: value" settings`);
  }
  return collect(document.contents, at);
}

function collect(map: YAMLMap, at: (offset: number | undefined) => string): Values {
  const values: Values = {};
  for (const pair of map.items) {
    const name = fieldName(pair);
    if (!name) continue;
    const value: unknown = plain(pair.value);
    // JSON's null leaves a setting as it is.
    if (value === null || value === undefined) continue;
    if (!hasType(value, fields[name])) {
      const expected = fields[name] === 'strings' ? 'list of strings' : fields[name];
      const line = at((pair.key as { range?: [number] }).range?.[0]);
      throw new EtcdConfigError(`${line}: ${name}: expected a ${expected}, got ${JSON.stringify(value)}`);
    }
    values[name] = value;
  }
  return values;
}

function fieldName({ key }: Pair): FieldName | undefined {
  if (!isScalar(key)) return undefined;
  const name = String(key.value).toLowerCase();
  return name in fields ? (name as FieldName) : undefined;
}

function plain(node: unknown): unknown {
  if (isScalar(node)) return node.value;
  if (isSeq(node)) return node.items.map(plain);
  return isMap(node) ? {} : node;
}

function hasType(value: unknown, type: FieldType): boolean {
  if (type === 'strings') return Array.isArray(value) && value.every((item) => typeof item === 'string');
  return typeof value === type;
}

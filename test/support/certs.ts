import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** PEM texts. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

const ecKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Who gives clients their certificates. */
export interface Issuer {
  /** The authority's own certificate, PEM. */
  readonly cert: string;
  issue(commonName: string): Promise<KeyPair>;
}

/** A certificate authority that lives as long as a test; needs the openssl program. */
export class TestCa implements Issuer {
  private constructor(
    private readonly root: KeyPair,
    readonly name: string,
  ) {}

  static async create(name = 'test-ca'): Promise<TestCa> {
    const root = await inScratch(async (dir) => {
      const [cert, key] = [join(dir, 'ca.crt'), join(dir, 'ca.key')];
      const extensions = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
      const args = [
        'req',
        '-x509',
        ...ecKey,
        '-keyout',
        key,
        '-out',
        cert,
        '-days',
        '2',
        '-subj',
        `/CN=${name}`,
      ];
      await run('openssl', [...args, ...extensions]);
      return readPair(cert, key);
    });
    return new TestCa(root, name);
  }

  /** The authority's own certificate, PEM. */
  get cert(): string {
    return this.root.cert;
  }

  /** A certificate for clients and servers on this machine: 127.0.0.1, ::1, localhost and `dns`. etcd's user is the CN. */
  issue(commonName: string, dns: readonly string[] = []): Promise<KeyPair> {
    return inScratch(async (dir) => {
      const path = (name: string): string => join(dir, name);
      const names = ['IP:127.0.0.1', 'IP:::1', 'DNS:localhost', ...dns.map((name) => `DNS:${name}`)];
      await writeFile(path('ca.crt'), this.root.cert);
      await writeFile(path('ca.key'), this.root.key);
      await writeFile(
        path('ext'),
        `subjectAltName=${names.join(',')}\nextendedKeyUsage=serverAuth,clientAuth\nkeyUsage=digitalSignature\n`,
      );
      const request = [
        'req',
        '-new',
        ...ecKey,
        '-keyout',
        path('key'),
        '-out',
        path('csr'),
        '-subj',
        `/CN=${commonName}`,
      ];
      await run('openssl', request);
      const signer = ['-CA', path('ca.crt'), '-CAkey', path('ca.key'), '-CAcreateserial'];
      const sign = [
        'x509',
        '-req',
        '-in',
        path('csr'),
        ...signer,
        '-out',
        path('crt'),
        '-days',
        '2',
        '-extfile',
        path('ext'),
      ];
      await run('openssl', sign);
      return readPair(path('crt'), path('key'));
    });
  }
}

async function readPair(cert: string, key: string): Promise<KeyPair> {
  return { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') };
}

async function inScratch<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'certs-'));
  try {
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

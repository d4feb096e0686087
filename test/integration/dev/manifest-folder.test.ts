import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DevApiServer } from '../../../dev/api-server/dev-api-server.js';
import { ManifestFolder } from '../../../dev/manifest-folder.js';
import { eventually } from '../../support/eventually.js';

const text = (name: string, value = 1): string =>
  `apiVersion: cilium.io/v2\nkind: CiliumNode\nmetadata: {name: ${name}}\nspec: {value: ${String(value)}}\n`;

describe(ManifestFolder, () => {
  let directory: string;
  let sut: ManifestFolder;
  let server: DevApiServer;
  let errors: string[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'manifests-'));
    server = new DevApiServer();
    await server.listen();
    errors = [];
    sut = new ManifestFolder({ directory, server, onError: (message) => errors.push(message), pollMs: 100 });
  });
  afterEach(async () => {
    await sut.stop();
    await server.close();
    await rm(directory, { recursive: true });
  });

  const seen = (): string =>
    server
      .list('cilium.io/v2', 'CiliumNode')
      .map(({ metadata, spec }) => `${metadata.name}=${String((spec as { value: number }).value)}`)
      .join();
  const write = (path: string, content: string): Promise<void> => writeFile(join(directory, path), content);

  it('follows files that appear, change and go, in nested folders too', async () => {
    await write('one.yaml', `${text('a')}---\n${text('b')}`);
    await sut.start();
    expect(seen()).toBe('a=1,b=1');

    await write('one.yaml', `${text('a', 2)}---\n${text('c')}`);
    await eventually(() => seen() === 'a=2,c=1', { what: 'an edited file' });
    await mkdir(join(directory, 'deep/er'), { recursive: true });
    await write('deep/er/two.yml', text('d'));
    await eventually(() => seen() === 'a=2,c=1,d=1', { what: 'a file in a new folder' });
    await rm(join(directory, 'one.yaml'));
    await eventually(() => seen() === 'd=1', { what: 'a removed file' });
    expect(errors).toEqual([]);
  });

  it('keeps the objects of a file that becomes wrong, and says where it is', async () => {
    await write('one.yaml', text('a'));
    await sut.start();

    await write('one.yaml', `${text('a')}broken: [\n`);
    await eventually(() => errors.length > 0, { what: 'the error' });

    expect(errors[0]).toMatch(/one\.yaml:\d+:\d+: /);
    expect(seen()).toBe('a=1');
    await write('one.yaml', text('a', 3));
    await eventually(() => seen() === 'a=3', { what: 'the corrected file' });
    expect(errors).toHaveLength(1);
  });

  it('moves an object from file to file without removing it', async () => {
    await write('one.yaml', text('a'));
    await sut.start();
    const uid = server.list('cilium.io/v2', 'CiliumNode')[0]!.metadata.uid;

    await write('two.yaml', text('a', 2));
    await rm(join(directory, 'one.yaml'));
    await eventually(() => seen() === 'a=2');
    await sut.sync();

    expect(server.list('cilium.io/v2', 'CiliumNode')[0]!.metadata.uid).toBe(uid);
  });

  it('tells of kinds that are not served and applies the rest', async () => {
    await write('one.yaml', `apiVersion: v9\nkind: Strange\nmetadata: {name: x}\n---\n${text('a')}`);

    await sut.start();

    expect(errors).toEqual([expect.stringContaining('no kind Strange is served in v9')]);
    expect(seen()).toBe('a=1');
  });
});

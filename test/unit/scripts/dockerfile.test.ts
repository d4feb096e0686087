import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildLabels, imageConfig } from '../../../scripts/lib/image/image-config.mjs';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** The instructions of each stage: without comments, continued lines joined. */
function stages(text: string): Instruction[][] {
  const lines = text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const found: Instruction[][] = [];
  for (const line of lines) {
    const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    if (name === 'FROM') found.push([]);
    found.at(-1)?.push({ name, rest });
  }
  return found;
}

/** `A=b C="d e"`. */
function pairs(text: string): Record<string, string> {
  const all = [...text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g)];
  return Object.fromEntries(all.map(([, name, quoted, plain]) => [name!, quoted ?? plain!]));
}

describe('the Dockerfile', () => {
  const [build, image] = stages(read('Dockerfile')) as [Instruction[], Instruction[]];
  const of = (stage: Instruction[], name: string): string[] =>
    stage.filter((instruction) => instruction.name === name).map(({ rest }) => rest);

  it('starts the image as the archive of a release is started', () => {
    expect(of(image, 'USER')).toEqual([imageConfig.user]);
    expect(of(image, 'WORKDIR')).toEqual([imageConfig.workingDir]);
    expect(of(image, 'ENTRYPOINT').map((text) => JSON.parse(text) as unknown)).toEqual([
      imageConfig.entrypoint,
    ]);
    expect(pairs(of(image, 'ENV').join(' '))).toEqual(imageConfig.env);
  });

  it('has its labels, but for the time, which only the archive knows', () => {
    const { 'org.opencontainers.image.created': _, ...stamp } = buildLabels({
      version: '${VERSION}',
      revision: '${REVISION}',
      epoch: 0,
    });
    expect(pairs(of(image, 'LABEL').join(' '))).toEqual({ ...imageConfig.labels, ...stamp });
  });

  it('takes over one folder, which the shared script made', () => {
    expect(of(image, 'FROM')).toEqual(['scratch']);
    expect(of(image, 'COPY')).toEqual(['--from=build /image/ /']);
    expect(of(image, 'RUN')).toEqual([]);
    expect(of(build, 'RUN').join('\n')).toMatch(/^npm ci --ignore-scripts /m);
    expect(of(build, 'RUN').at(-1)).toBe('npm run build && node scripts/image-rootfs.mjs /image');
  });

  it('is given everything that the build reads', () => {
    const ignored = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    const needed = ['.git', 'bin', 'src', 'dev', 'scripts', 'LICENSE', 'package.json', 'package-lock.json'];

    expect(
      ignored.filter((name) => [...needed, 'tsconfig.json', 'tsconfig.build.json'].includes(name)),
    ).toEqual([]);
    expect(ignored).toEqual(expect.arrayContaining(['node_modules', 'dist']));
  });
});

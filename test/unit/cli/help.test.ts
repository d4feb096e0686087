import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../../src/modules/config/commands.js';
import { flagsDoc } from '../../../src/modules/config/flags-doc.js';
import { flagsOf } from '../../../src/modules/config/flags.js';
import { run } from './run.js';

/** Flag and default of each row of a command's table in docs/flags.md. */
function documented(doc: string, command: string): Map<string, string> {
  const section = doc.split(`## \`${command}\`\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.matchAll(
    /^\| (?:`-\w`, )?`--([\w-]+)` +\| (?:`\w+`)? +\| \w+ +\| (?:`([^`]*)`)? +\| (.*?) +\|$/gm,
  );
  return new Map(
    [...rows].filter((row) => !row[3]?.includes('not shown')).map((row) => [row[1] ?? '', row[2] ?? '']),
  );
}

/** Flag and default of each line of --help. */
function shown(help: string): Map<string, string> {
  const lines = help.matchAll(/^ +(?:-\w, )?--([\w-]+).*?(?: \(default "?(.*?)"?\))?$/gm);
  return new Map([...lines].map((line) => [line[1] ?? '', line[2] ?? '']));
}

describe('docs/flags.md', () => {
  it('is what the table of flags gives (run `node scripts/flags-doc.mjs`)', async () => {
    expect(await readFile('docs/flags.md', 'utf8')).toBe(flagsDoc());
  });

  for (const { name } of COMMANDS) {
    it(`lists for ${name} the flags and defaults that --help shows`, async () => {
      const help = shown((await run([...name.split(' '), '--help'])).stdout);
      const doc = documented(await readFile('docs/flags.md', 'utf8'), name);
      const zeroless = new Map(
        [...doc].map(([flag, value]) => [flag, ['false', '0'].includes(value) ? '' : value]),
      );

      expect(zeroless.size).toBe(flagsOf(name).filter((flag) => flag.hidden !== true).length);
      expect(Object.fromEntries(help)).toEqual({ ...Object.fromEntries(zeroless), help: '' });
    });
  }
});

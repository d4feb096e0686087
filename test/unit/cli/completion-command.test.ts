import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { completionScript } from '../../../src/cli/completion.command.js';
import { run } from './run.js';

/** What bash offers after these words. */
async function offered(...words: string[]): Promise<string[]> {
  const script = `${completionScript('bash')}
COMP_WORDS=(clustermesh-apiserver ${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length}
_clustermesh_apiserver
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)('bash', ['-c', script]);
  return stdout.trim().split('\n');
}

describe('completion', () => {
  it('offers commands', async () => {
    expect(await offered('c')).toEqual(
      expect.arrayContaining(['clustermesh', 'clustermesh-dbg', 'completion', 'connect']),
    );
  });

  it("offers a command's flags, but no hidden ones", async () => {
    expect(await offered('clustermesh', '--kvstore-')).toEqual([
      '--kvstore-connectivity-timeout',
      '--kvstore-max-consecutive-quorum-errors',
      '--kvstore-opt',
      '--kvstore-periodic-sync',
    ]);
  });

  it('offers the commands below a command', async () => {
    expect(await offered('kvstoremesh-dbg', 's')).toEqual(['status']);
    expect(await offered('kvstoremesh-dbg', '--inc')).toEqual(['--include-local']);
  });

  it('is printed for each shell', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, stdout } = await run(['completion', shell]);

      expect(code).toBe(0);
      expect(stdout).toMatch(/^(_clustermesh|autoload|complete -c)/);
    }
  });

  it('prints its help without a shell', async () => {
    const { code, stdout } = await run(['completion']);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: clustermesh-apiserver completion/);
  });
});

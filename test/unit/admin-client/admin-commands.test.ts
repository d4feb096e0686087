import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli/run-cli.js';
import { eventually } from '../../support/eventually.js';
import { freePorts } from '../../support/free-ports.js';
import { type HttpLab, openHttpLab } from '../../support/http-lab.js';
import { type CliRun, run } from '../cli/run.js';

describe('clustermesh-apiserver admin', () => {
  let lab: HttpLab;
  let address: string;
  beforeEach(async () => {
    lab = await openHttpLab();
    address = new URL(lab.url('admin')).host;
    lab.parts.ready = [];
    lab.parts.scopeStatus = [
      { scope: 'ip/v1', keys: 9, dirty: 0, inFlight: 0, refused: 0, synced: true, canary: true },
    ];
  });
  afterEach(() => lab.app.close());
  const admin = (...args: string[]): Promise<CliRun> => run(['admin', ...args, `--address=${address}`]);
  const lines = ({ stdout }: CliRun): string[] =>
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.replaceAll(/ {2,}/g, ' | '));

  it('status shows how the server is', async () => {
    const shown = await admin('status');
    expect([shown.code, shown.stderr]).toEqual([0, '']);
    expect(lines(shown)[0]).toMatch(
      /^clustermesh of east \(id 3\), 1\.2\.3, up \S+: healthy, ready for \S+$/,
    );
    expect(lines(shown)).toContain('ip/v1 | 9 | 0 | 0 | 0 | yes | yes');
    expect(shown.stdout).toMatch(/^writer +yes +idle/m);
  });

  it('status ends with 1 and says why when something needs a look, and cannot be made to move the cursor', async () => {
    lab.parts.stages = [
      {
        name: 'remote/west',
        state: 'tcp',
        since: 1,
        healthy: false,
        lastError: { message: 'a\u001b[2Jb\nc', at: 2 },
        counts: {},
      },
    ];
    const shown = await admin('status');
    expect(shown.code).toBe(1);
    expect(shown.stdout).toContain('NOT HEALTHY');
    expect(shown.stdout).toMatch(/^west +NO +tcp .*a\?\[2Jb\?c \(.* ago\)$/m);
    expect(shown.stdout).toContain('Remote clusters: 0 of 1 ready');
  });

  it('diff ends with 0 without a difference, with 1 and the keys otherwise', async () => {
    expect(await admin('diff')).toMatchObject({ code: 0, stdout: 'No difference (5 ms)\n' });
    lab.parts.onDiff = () =>
      Promise.resolve({
        at: 1,
        durationMs: 7,
        equal: false,
        omitted: 3,
        scopes: [
          {
            scope: 'ip/v1',
            synced: true,
            keys: 9,
            counts: { missing: 4, different: 1, leftOver: 0, foreign: 0 },
          },
        ],
        differences: [
          { key: 'a/k', scope: 'ip/v1', kind: 'missing', wantedBytes: 5 },
          {
            key: 'a/l',
            scope: 'ip/v1',
            kind: 'different',
            reason: 'no lease',
            wantedBytes: 5,
            storedBytes: 5,
          },
        ],
      });
    const shown = await admin('diff', '--scope=ip/v1', '--limit', '2');
    expect(shown.code).toBe(1);
    expect(lines(shown)).toEqual([
      'SCOPE | KEYS | MISSING | DIFFERENT | LEFT OVER | FOREIGN',
      'ip/v1 | 9 | 4 | 1 | 0 | 0',
      '',
      'missing: a/k',
      'different, on no lease (5 bytes stored, 5 wanted): a/l',
      'and 3 more (--limit)',
      'etcd does not hold what is wanted (7 ms)',
    ]);
    expect(lab.parts.diffs.at(-1)).toEqual({ scopes: ['ip/v1'], limit: 2 });
  });

  it('resync waits for the end and shows the report', async () => {
    const counts = { missing: 1, different: 0, leftOver: 0, foreign: 0 };
    const none = { different: [], leftOver: [], foreign: [] };
    lab.parts.onResync = ({ dryRun }) =>
      Promise.resolve({
        dryRun,
        durationMs: 5,
        scopes: [{ scope: 'ip/v1', listed: 3, keys: 9, counts, missing: ['a/k'], ...none, repaired: 1 }],
      });
    const shown = await admin('resync', '--scope=ip/v1');
    expect(shown.code).toBe(0);
    expect(lines(shown)).toEqual([
      'SCOPE | LISTED | KEYS | MISSING | DIFFERENT | LEFT OVER | FOREIGN | REPAIRED',
      'ip/v1 | 3 | 9 | 1 | 0 | 0 | 0 | 1',
      '',
      'missing: a/k',
      '',
      'Resynced in 5 ms',
    ]);
    expect((await admin('resync', '--dry-run')).code).toBe(1);
    expect(lab.parts.resyncs).toEqual([{ scopes: ['ip/v1'], dryRun: false }, { dryRun: true }]);
  });

  it('resync ends with 1 when it fails', async () => {
    lab.parts.onResync = () => Promise.reject(new Error('etcd is away'));
    expect(await admin('resync')).toMatchObject({ code: 1, stdout: 'The resync failed: etcd is away\n' });
  });

  it('events shows what happened', async () => {
    const shown = await admin('events');
    expect(shown).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\S+Z info the program started\n$/),
    });
  });

  it.each([
    [[], /^\S+Z info the program started\n\S+Z info .*resync.*\n/],
    [['-o', 'json'], /^\{"id":.*"kind":"started".*\}\n\{"id":.*"kind":"resync.*\}\n/],
  ])(
    'events --follow %j shows what happens as it happens, and ends with 2 when the server does',
    async (args, seen) => {
      let stdout = '';
      let stderr = '';
      const following = runCli({
        argv: ['admin', 'events', '--follow', `--address=${address}`, ...args],
        env: {},
        stdout: { write: (text) => (stdout += text) },
        stderr: { write: (text) => (stderr += text) },
      });
      await eventually(() => stdout.includes('started'));
      await admin('resync');
      await eventually(() => seen.test(stdout)).catch(() => expect(stdout).toMatch(seen));

      await lab.app.close();
      expect(await following).toBe(2);
      expect(stderr).toMatch(/^Error: .*(has ended the stream of events|does not answer on).*\n$/);
    },
  );

  it('-o json prints what the server answered', async () => {
    const { stdout } = await admin('status', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({ cluster: { name: 'east' }, scopes: lab.parts.scopeStatus });
    expect(JSON.parse((await admin('events', '-o', 'json')).stdout)).toMatchObject([{ kind: 'started' }]);
  });

  it('ends with 2 when there is no answer', async () => {
    const [port] = await freePorts(1);
    const gone = await run(['admin', 'status', `--address=127.0.0.1:${port}`]);
    expect([gone.code, gone.stdout]).toEqual([2, '']);
    expect(gone.stderr).toMatch(
      /^Error: the admin API does not answer on 127\.0\.0\.1:\d+: connect ECONNREFUSED.*\n$/,
    );

    const refused = await admin('diff', '--scope=ip/v2');
    expect([refused.code, refused.stderr]).toEqual([
      2,
      `Error: ${address} answers 400: scope is "ip/v2", expected one of ip/v1\n`,
    ]);
  });

  it.each([
    [['status', '--address=nonsense'], '--address=nonsense is invalid; must be host:port'],
    [['status', '-o', 'yaml'], 'yaml'],
    [['diff', '--limit=10001'], '--limit=10001 is invalid'],
    [['status', '--nope'], 'unknown flag: --nope'],
  ])('ends with 2 and names what is wrong with %j', async (args, message) => {
    const { code, stderr } = await run(['admin', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('has help', async () => {
    const { code, stdout } = await run(['admin', 'diff', '--help']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('--limit uint')]);
  });
});

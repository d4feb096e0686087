import { describe, expect, it } from 'vitest';
import { run, valid } from './run.js';

describe('commands', () => {
  it('prints the usage on stdout without a command', async () => {
    const { code, stdout, stderr } = await run([]);

    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^Usage: clustermesh-apiserver \[command\]\n/);
    expect(stdout).toMatch(
      /Commands:\n {2}clustermesh .*\n(?: {2}.*\n)* {2}completion .*\n {2}help .*\n {2}version .*\n/,
    );
  });

  for (const argv of [['--help'], ['-h'], ['help'], ['help', 'nope'], ['--help', '-h']]) {
    it(`prints the same for ${argv.join(' ')}`, async () => {
      expect(await run(argv)).toEqual(await run([]));
    });
  }

  for (const argv of [
    ['help', 'clustermesh'],
    ['clustermesh', '-h'],
    ['clustermesh', 'x', '--help', '--debug'],
  ]) {
    it(`prints the help of a command for ${argv.join(' ')}`, async () => {
      const { code, stdout, stderr, log, started } = await run(argv);

      expect([code, stderr, log, started]).toEqual([0, '', [], []]);
      expect(stdout).toMatch(/^Usage: clustermesh-apiserver clustermesh \[flags\]\n/);
      expect(stdout).toContain('CILIUM_CLUSTER_ID');
    });
  }

  const unknown: [argv: string[], text: string][] = [
    [['nope'], 'unknown command "nope" for "clustermesh-apiserver"'],
    [['nope', 'clustermesh'], 'unknown command "nope" for "clustermesh-apiserver"'],
    [['--nope'], 'unknown flag: --nope'],
    [['--debug', 'clustermesh'], 'unknown flag: --debug'],
    [['version', '--nope'], 'unknown flag: --nope'],
    [['kvstoremesh-dbg', 'nope'], 'unknown command "nope" for "clustermesh-apiserver kvstoremesh-dbg"'],
    [['kvstoremesh-dbg', '--nope'], 'unknown flag: --nope'],
    [['kvstoremesh-dbg', 'status', '--nope'], 'unknown flag: --nope'],
    [['etcdinit', '--timeout'], 'flag needs an argument: --timeout'],
  ];
  for (const [argv, text] of unknown) {
    it(`refuses ${argv.join(' ')}`, async () => {
      const { code, stdout, stderr } = await run(argv);

      expect(code).toBe(1);
      expect(stdout).toBe(`${text}\n`);
      expect(stderr).toMatch(/^Error: .*\nUsage: clustermesh-apiserver /);
      expect(stderr.split('\n')[0]).toBe(`Error: ${text}`);
    });
  }
});

describe('a command line that is wrong', () => {
  const cases: [argv: string[], text: string][] = [
    [['--x'], 'unknown flag: --x'],
    [
      ['--cluster-id=-1'],
      'invalid argument "-1" for "--cluster-id" flag: strconv.ParseUint: parsing "-1": invalid syntax',
    ],
    [
      ['--cluster-id', '$(CLUSTER_ID)'],
      'invalid argument "$(CLUSTER_ID)" for "--cluster-id" flag: strconv.ParseUint: parsing "$(CLUSTER_ID)": invalid syntax',
    ],
    [
      ['--gops-port=65536'],
      'invalid argument "65536" for "--gops-port" flag: strconv.ParseUint: parsing "65536": value out of range',
    ],
    [
      ['-D=no'],
      'invalid argument "no" for "-D, --debug" flag: strconv.ParseBool: parsing "no": invalid syntax',
    ],
    [
      ['--crd-wait-timeout=5'],
      'invalid argument "5" for "--crd-wait-timeout" flag: time: missing unit in duration "5"',
    ],
    [
      ['--cluster-id=1', '--cluster-id=x', '--cluster-id=2', '--cluster-name=a'],
      'invalid argument "x" for "--cluster-id" flag: strconv.ParseUint: parsing "x": invalid syntax',
    ],
    [['--cluster-id'], 'flag needs an argument: --cluster-id'],
  ];
  for (const [argv, text] of cases) {
    it(`gives exactly the original's text for ${argv.join(' ')}`, async () => {
      const { code, stdout, stderr, log, started } = await run([...valid, ...argv]);

      expect(code).toBe(1);
      expect(stdout).toBe(`${text}\n`);
      expect(stderr).toContain(`Error: ${text}\nUsage: clustermesh-apiserver clustermesh [flags]\n`);
      expect([log, started]).toEqual([[], []]);
    });
  }

  it('tells everything else that is wrong too', async () => {
    const { code, stdout, stderr } = await run(
      ['clustermesh', '--x', '--cluster-id=256', '--kvstore-opt=a=b'],
      {
        CILIUM_DEBUG: 'no',
      },
    );

    expect(code).toBe(1);
    expect(stdout.split('\n').map((line) => line.slice(0, 60))).toEqual([
      'unknown flag: --x',
      'invalid argument "no" for "CILIUM_DEBUG" environment variabl',
      'invalid cluster id 256: must be in range 0..255 (--cluster-i',
      'Kubernetes client not configured, cannot continue. (--enable',
      'cannot use default cluster name (default) with option cluste',
      'failed connecting to kvstore: invalid etcd configuration, et',
      'failed connecting to kvstore: invalid kvstore configuration,',
      'unknown kvstore configuration key "a"',
      'Supported configuration keys:',
      '  etcd.config              Path to the etcd configuration fi',
      ...Array.from({ length: 8 }, () => expect.stringMatching(/^ {2}etcd\./) as unknown),
      '',
    ]);
    expect(stderr.match(/^Error: /gm)).toHaveLength(18);
  });
});

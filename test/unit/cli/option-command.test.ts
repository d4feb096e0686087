import { describe, expect, it } from 'vitest';
import { StartError } from '../../../src/common/start-error.js';
import { buildInfo } from '../../../src/version.js';
import { type CliRun, run, valid } from './run.js';

function lastLine({ log }: CliRun): string {
  return log.at(-1) ?? '';
}

describe('a start', () => {
  it('logs every effective option and the version, then runs the app', async () => {
    const { code, stdout, stderr, log, started } = await run([...valid, '--health-port=1', 'ignored']);

    expect([code, stdout, stderr]).toEqual([0, '', '']);
    expect(log[0]).toBe(`level=info msg="  --admin-serve-addr='127.0.0.1:9895'"`);
    expect(log).toContain(`level=info msg="  --health-port='1'"`);
    expect(log).toContain(`level=info msg="  --kvstore-lease-ttl='15m0s'"`);
    expect(lastLine({ log } as CliRun)).toMatch(
      `level=info msg="Cilium ClusterMesh ${buildInfo().version} unknown unknown node version v`,
    );
    expect(started).toMatchObject([{ healthPort: 1 }]);
  });

  it("ends with the app's exit code", async () => {
    expect((await run(valid, {}, () => Promise.resolve(3))).code).toBe(3);
  });

  it('logs as the options say', async () => {
    const { log } = await run([...valid, '--log-format=json', '--debug'], {}, (_options, appLog) => {
      appLog.child('x').debug('hello');
      return Promise.resolve(0);
    });

    expect(JSON.parse(log.at(-1) ?? '')).toMatchObject({ level: 'debug', msg: 'hello', subsys: 'x' });
  });
});

describe('options that cannot work (spec/k8s-sync.md §3)', () => {
  const prefix = 'level=fatal msg="failed to start: ';
  const cases: [argv: string[], line: string][] = [
    [
      ['--cluster-id=256', '--cluster-name=a'],
      `${prefix}invalid cluster id 256: must be in range 0..255" expected=0..max-connected-clusters option=--cluster-id value=256`,
    ],
    [
      ['--max-connected-clusters=300'],
      `${prefix}--max-connected-clusters=300 is invalid; supported values are [255, 511]" expected="255 or 511" option=--max-connected-clusters value=300`,
    ],
    [['--cluster-id=1'], `${prefix}cannot use default cluster name (default) with option cluster-id"`],
    [['--cluster-name=A'], `${prefix}invalid cluster name \\"A\\": must consist of lower case alphanumeric`],
    [['--enable-k8s=false'], `${prefix}Kubernetes client not configured, cannot continue."`],
    [
      ['--kvstore-opt=etcd.address='],
      `${prefix}failed connecting to kvstore: invalid etcd configuration, etcd.config or etcd.address must be specified"`,
    ],
    [
      ['--kvstore-opt=etcd.x=1'],
      `${prefix}failed connecting to kvstore: invalid kvstore configuration, see log for details"`,
    ],
    [
      ['--kvstore=zookeeper'],
      `${prefix}failed connecting to kvstore: unknown key-value store type \\"zookeeper\\". See cilium.link/err-kvstore for details"`,
    ],
    [['--kvstore='], `${prefix}kvstore not configured"`],
    [
      ['--admin-serve-addr=0.0.0.0:1'],
      `${prefix}--admin-serve-addr=0.0.0.0:1 is invalid; the admin API has no authentication`,
    ],
  ];
  for (const [argv, line] of cases) {
    it(`ends with one fatal line and exit code 1 for ${argv.join(' ')}`, async () => {
      const result = await run([...valid, ...argv]);

      expect(result.code).toBe(1);
      expect(lastLine(result).slice(0, line.length)).toBe(line);
      expect(result.log.filter((entry) => entry.startsWith('level=fatal'))).toHaveLength(1);
      expect([result.stdout, result.stderr, result.started]).toEqual(['', '', []]);
    });
  }

  it('tells the bad keys of kvstore-opt before', async () => {
    const { log } = await run([...valid, '--kvstore-opt=etcd.x=1,etcd.qps=a']);

    const errors = log.filter((line) => line.startsWith('level=error'));
    expect(errors.slice(0, 4)).toEqual([
      'level=error msg="unknown kvstore configuration key \\"etcd.x\\"" option=--kvstore-opt value=1',
      'level=error msg="invalid value for key etcd.qps" error="strconv.Atoi: parsing \\"a\\": invalid syntax" expected="an integer, 1 or more" option=--kvstore-opt value=a',
      'level=error msg="Supported configuration keys:"',
      'level=error msg="  etcd.config              Path to the etcd configuration file"',
    ]);
  });

  it('tells several problems one a line, and all of them in the last', async () => {
    const result = await run(['clustermesh', '--kvstore-opt=etcd.config=/x', '--log-format=x'], {
      CILIUM_CLUSTER_ID: 'x',
    });

    expect(result.code).toBe(1);
    expect(result.log.filter((line) => line.startsWith('level=error'))).toEqual([
      'level=error msg="invalid argument \\"x\\" for \\"CILIUM_CLUSTER_ID\\" environment variable: strconv.ParseUint: parsing \\"x\\": invalid syntax" expected="an integer, 0..4294967295" option=CILIUM_CLUSTER_ID value=x',
      'level=error msg="Kubernetes client not configured, cannot continue." expected="a kubeconfig, an API server URL or a pod in a cluster" option=--enable-k8s value=true',
      'level=error msg="--log-format=x is invalid; supported values are [logfmt, json]" expected="logfmt or json" option=--log-format value=x',
    ]);
    expect(lastLine(result)).toMatch(
      /^level=fatal msg="failed to start: invalid argument .*; Kubernetes client .*; --log-format=x is invalid.*"$/,
    );
  });
});

describe('an app that fails', () => {
  const cases: [error: Error, code: number, line: string][] = [
    [
      new StartError('context deadline exceeded'),
      1,
      'level=fatal msg="failed to start: context deadline exceeded"',
    ],
    [
      new StartError('Unable to start health API', { prefixed: false, cause: new Error('port in use') }),
      1,
      'level=fatal msg="Unable to start health API" error="port in use"',
    ],
    [
      new StartError('x', { exitCode: 255, fields: { path: '/p' } }),
      255,
      'level=fatal msg="failed to start: x" path=/p',
    ],
  ];
  for (const [error, code, line] of cases) {
    it(`tells ${error.message} in one line and exits with ${code}`, async () => {
      const result = await run(valid, {}, () => Promise.reject(error));

      expect(result.code).toBe(code);
      expect(lastLine(result)).toBe(line);
    });
  }

  it('shows the stack of a bug', async () => {
    const result = await run(valid, {}, () => Promise.reject(new TypeError('x is not a function')));

    expect(result.code).toBe(1);
    expect(lastLine(result)).toMatch(
      /^level=fatal msg="Unexpected error, please report it" error="x is not a function" stack="TypeError: x is not a function\\n {4}at /,
    );
  });
});

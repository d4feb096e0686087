import { describe, expect, it } from 'vitest';
import type { Environment } from '../../../src/modules/config/resolve-flags.js';
import { load } from './load.js';

describe('kvstore-opt', () => {
  const kubernetes = ['--k8s-api-server=http://127.0.0.1:1'];
  const cases: [name: string, argv: string[], env: Environment, expected: object][] = [
    [
      'lists and repetitions, the later wins',
      ['--kvstore-opt', 'etcd.config=/a,etcd.qps=5', '--kvstore-opt=etcd.qps=7'],
      {},
      { configPath: '/a', qps: 7, maxInflight: 7 },
    ],
    [
      'every key',
      [
        '--kvstore-opt=etcd.config=/a,etcd.address=h:1,etcd.qps=1,etcd.bootstrapQps=10000,etcd.maxInflight=4,etcd.limit=0,' +
          'etcd.keepaliveHeartbeat=1s,etcd.keepaliveTimeout=2s,etcd.maxTxnOps=1',
      ],
      {},
      {
        configPath: '/a',
        address: 'h:1',
        qps: 1,
        bootstrapQps: 10_000,
        maxInflight: 4,
        limit: 0,
        keepaliveHeartbeatMs: 1_000,
        keepaliveTimeoutMs: 2_000,
        maxTxnOps: 1,
      },
    ],
    ['a variable', [], { CILIUM_KVSTORE_OPT: 'etcd.config=/a,etcd.qps=5' }, { configPath: '/a', qps: 5 }],
    [
      'a JSON variable',
      [],
      { CILIUM_KVSTORE_OPT: '{"etcd.config": "/a", "etcd.qps": "5"}' },
      { configPath: '/a', qps: 5 },
    ],
    [
      'zero as not limited by its own figure',
      ['--kvstore-opt=etcd.config=/a,etcd.maxInflight=0,etcd.bootstrapQps=0'],
      {},
      { maxInflight: 20 },
    ],
  ];
  for (const [name, argv, env, expected] of cases) {
    it(`takes ${name}`, () => {
      const { options, problems } = load([...kubernetes, ...argv], env);

      expect(problems).toEqual([]);
      expect(options?.kvstore).toMatchObject(expected);
    });
  }

  it('takes bootstrapQps=0 as absent', () => {
    const { options } = load([...kubernetes, '--kvstore-opt=etcd.config=/a,etcd.bootstrapQps=0']);

    expect(options?.kvstore).not.toHaveProperty('bootstrapQps');
  });

  it('reports every bad key with what was expected, then the supported ones', () => {
    const { problems } = load([
      ...kubernetes,
      '--kvstore-opt=etcd.config=/a,etcd.nope=1,etcd.qps=many,etcd.maxTxnOps=0,etcd.keepaliveTimeout=5,etcd.limit=-1',
    ]);

    expect(problems.map((problem) => problem.message)).toEqual([
      'failed connecting to kvstore: invalid kvstore configuration, see log for details',
    ]);
    const details = problems[0]?.details ?? [];
    expect(details.slice(0, 5)).toMatchObject([
      {
        message: 'unknown kvstore configuration key "etcd.nope"',
        fields: { option: '--kvstore-opt', value: '1' },
      },
      {
        message: 'invalid value for key etcd.qps',
        fields: { value: 'many', error: new Error('strconv.Atoi: parsing "many": invalid syntax') },
      },
      {
        message: 'invalid value for key etcd.maxTxnOps',
        fields: { value: '0', expected: 'an integer, 1..10000' },
      },
      {
        message: 'invalid value for key etcd.keepaliveTimeout',
        fields: { error: new Error('time: missing unit in duration "5"') },
      },
      { message: 'invalid value for key etcd.limit', fields: { expected: 'an integer, 0 or more' } },
    ]);
    expect(details.slice(5).map((line) => line.message.trim().split(' ')[0])).toEqual([
      'Supported',
      'etcd.config',
      'etcd.address',
      'etcd.qps',
      'etcd.bootstrapQps',
      'etcd.maxInflight',
      'etcd.limit',
      'etcd.maxTxnOps',
      'etcd.keepaliveHeartbeat',
      'etcd.keepaliveTimeout',
    ]);
  });
});

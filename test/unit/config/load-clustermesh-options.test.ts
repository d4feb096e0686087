import { describe, expect, it } from 'vitest';
import { flagsOf } from '../../../src/modules/config/flags.js';
import type { Environment } from '../../../src/modules/config/resolve-flags.js';
import { load, loadWithBase } from './load.js';
import type { ClustermeshOptions } from '../../../src/modules/config/clustermesh-options.js';

describe('defaults', () => {
  it("are the original's, and those of our own additions", () => {
    expect(loadWithBase([]).problems).toEqual([]);
    expect(loadWithBase([]).options).toEqual({
      clusterName: 'default',
      clusterId: 0,
      maxConnectedClusters: 255,
      kvstore: {
        address: 'http://127.0.0.1:2379',
        qps: 20,
        maxInflight: 20,
        limit: 256,
        keepaliveHeartbeatMs: 15_000,
        keepaliveTimeoutMs: 25_000,
        maxTxnOps: 128,
        leaseTtlMs: 900_000,
        periodicSyncMs: 300_000,
        connectivityTimeoutMs: 120_000,
        maxConsecutiveQuorumErrors: 2,
      },
      crdWaitTimeoutMs: 300_000,
      enableExternalWorkloads: true,
      clusterUsersEnabled: false,
      clusterUsersConfigPath: '/var/lib/cilium/etcd-config/users.yaml',
      kubernetes: {
        enabled: true,
        apiServer: '',
        kubeconfigPath: '/kube/config',
        apiDiscovery: false,
        endpointSlice: true,
        clientQps: 0,
        clientBurst: 0,
        connectionTimeoutMs: 30_000,
        connectionKeepAliveMs: 30_000,
        heartbeatTimeoutMs: 30_000,
        serviceProxyName: '',
        environment: {
          KUBERNETES_SERVICE_HOST: undefined,
          KUBERNETES_SERVICE_PORT: undefined,
          K8S_NODE_NAME: undefined,
        },
      },
      healthPort: 9880,
      prometheusServeAddr: '',
      controllerGroupMetrics: [],
      adminServeAddr: '127.0.0.1:9895',
      debug: false,
      logFormat: 'logfmt',
      gopsPort: 9892,
      pprof: false,
      pprofAddress: 'localhost',
      pprofPort: 6063,
    } satisfies ClustermeshOptions);
  });

  it('cannot be changed afterwards, at any depth', () => {
    const { options } = loadWithBase([]);

    expect(Object.isFrozen(options)).toBe(true);
    expect(Object.isFrozen(options?.kvstore)).toBe(true);
    expect(Object.isFrozen(options?.controllerGroupMetrics)).toBe(true);
  });
});

describe('values', () => {
  const cases: [name: string, argv: string[], env: Environment, expected: object][] = [
    ['a flag', ['--cluster-id=3', '--cluster-name', 'east'], {}, { clusterId: 3, clusterName: 'east' }],
    ['an environment variable', [], { CILIUM_HEALTH_PORT: '9881' }, { healthPort: 9881 }],
    ['a flag before the environment', ['--health-port=1'], { CILIUM_HEALTH_PORT: '2' }, { healthPort: 1 }],
    ['an empty variable as unset', [], { CILIUM_HEALTH_PORT: '' }, { healthPort: 9880 }],
    [
      'an empty flag as given',
      ['--admin-serve-addr='],
      { CILIUM_ADMIN_SERVE_ADDR: '[::1]:1' },
      { adminServeAddr: '' },
    ],
    [
      'no variable without the prefix',
      [],
      { HEALTH_PORT: '1', CLUSTER_ID: '5' },
      { healthPort: 9880, clusterId: 0 },
    ],
    ['the last of several', ['--health-port=1', '--health-port=2'], {}, { healthPort: 2 }],
    ['a boolean alone', ['--debug'], {}, { debug: true }],
    ['a boolean shorthand', ['-D'], {}, { debug: true }],
    ['a boolean with a value', ['--debug', '--debug=F'], {}, { debug: false }],
    ['a boolean that takes no following word', ['--debug', 'false'], {}, { debug: true }],
    [
      'a boolean of the environment',
      [],
      { CILIUM_ENABLE_EXTERNAL_WORKLOADS: 'f' },
      { enableExternalWorkloads: false },
    ],
    ['a number in hexadecimal', ['--cluster-id=0x10', '--cluster-name=a'], {}, { clusterId: 16 }],
    ['a duration', ['--crd-wait-timeout=1m30s'], {}, { crdWaitTimeoutMs: 90_000 }],
    [
      'a list',
      ['--controller-group-metrics=a,b', '--controller-group-metrics=c'],
      {},
      { controllerGroupMetrics: ['a', 'b', 'c'] },
    ],
    [
      'a list of the environment',
      [],
      { CILIUM_CONTROLLER_GROUP_METRICS: 'all' },
      { controllerGroupMetrics: ['all'] },
    ],
    ['positional words as nothing', ['hive', '--', '--unknown'], {}, { clusterName: 'default' }],
    [
      '511 clusters',
      ['--max-connected-clusters=511', '--cluster-id=400', '--cluster-name=a'],
      {},
      { clusterId: 400 },
    ],
    [
      'the admin API on another loopback',
      ['--admin-serve-addr=[::1]:9895'],
      {},
      { adminServeAddr: '[::1]:9895' },
    ],
  ];
  for (const [name, argv, env, expected] of cases) {
    it(`takes ${name}`, () => {
      const { options, problems } = loadWithBase(argv, env);

      expect(problems).toEqual([]);
      expect(options).toMatchObject(expected);
    });
  }

  it('ignores ENABLE_K8S_ENDPOINT_SLICE, as the original does, and reads CILIUM_ENABLE_K8S_ENDPOINT_SLICE', () => {
    expect(loadWithBase([], { ENABLE_K8S_ENDPOINT_SLICE: 'false' }).options?.kubernetes.endpointSlice).toBe(
      true,
    );
    expect(
      loadWithBase([], { CILIUM_ENABLE_K8S_ENDPOINT_SLICE: 'false' }).options?.kubernetes.endpointSlice,
    ).toBe(false);
  });
});

describe('Kubernetes', () => {
  const etcd = '--kvstore-opt=etcd.config=/a';
  const configured: [name: string, argv: string[], env: Environment][] = [
    ['a kubeconfig', ['--k8s-kubeconfig-path=/k'], {}],
    ['an API server', ['--k8s-api-server=http://h'], {}],
    ['a pod', [], { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' }],
    ['a node name', [], { K8S_NODE_NAME: 'n1' }],
  ];
  for (const [name, argv, env] of configured) {
    it(`is configured by ${name}`, () => {
      expect(load([etcd, ...argv], env).problems).toEqual([]);
    });
  }

  it('is not configured by half of a pod environment', () => {
    expect(load([etcd], { KUBERNETES_SERVICE_HOST: '10.0.0.1' }).problems).toMatchObject([
      { message: 'Kubernetes client not configured, cannot continue.' },
    ]);
  });
});

describe('problems of the options (spec/k8s-sync.md §3)', () => {
  const cases: [argv: string[], message: string, named: object][] = [
    [
      ['--cluster-id=256', '--cluster-name=a'],
      'invalid cluster id 256: must be in range 0..255',
      { option: '--cluster-id', value: '256' },
    ],
    [
      ['--cluster-id=512', '--cluster-name=a', '--max-connected-clusters=511'],
      'invalid cluster id 512: must be in range 0..511',
      {},
    ],
    [
      ['--max-connected-clusters=300'],
      '--max-connected-clusters=300 is invalid; supported values are [255, 511]',
      { expected: '255 or 511' },
    ],
    [
      ['--cluster-id=1'],
      'cannot use default cluster name (default) with option cluster-id',
      { option: '--cluster-name' },
    ],
    [['--cluster-name='], 'invalid cluster name "": must not be empty', {}],
    [
      [`--cluster-name=${'a'.repeat(33)}`],
      `invalid cluster name "${'a'.repeat(33)}": must not be more than 32 characters`,
      {},
    ],
    [
      ['--cluster-name=East_1'],
      'invalid cluster name "East_1": must consist of lower case alphanumeric characters and \'-\', and must start and end with an alphanumeric character',
      { option: '--cluster-name', value: 'East_1' },
    ],
    [
      ['--enable-k8s=false'],
      'Kubernetes client not configured, cannot continue.',
      { option: '--enable-k8s' },
    ],
    [
      ['--kvstore=zookeeper'],
      'failed connecting to kvstore: unknown key-value store type "zookeeper". See cilium.link/err-kvstore for details',
      {},
    ],
    [['--kvstore='], 'kvstore not configured', {}],
    [
      ['--admin-serve-addr=0.0.0.0:9895'],
      '--admin-serve-addr=0.0.0.0:9895 is invalid; the admin API has no authentication, so its address must be host:port with a loopback host such as 127.0.0.1',
      {},
    ],
    [
      ['--admin-serve-addr=:9895'],
      '--admin-serve-addr=:9895 is invalid; the admin API has no authentication, so its address must be host:port with a loopback host such as 127.0.0.1',
      {},
    ],
    [
      ['--log-format=xml'],
      '--log-format=xml is invalid; supported values are [logfmt, json]',
      { expected: 'logfmt or json' },
    ],
    [['--health-port=70000'], '--health-port=70000 is invalid; must be 0..65535', {}],
    [
      ['--prometheus-serve-addr=9962'],
      '--prometheus-serve-addr=9962 is invalid; must be host:port or :port',
      {},
    ],
    [['--crd-wait-timeout=-1s'], '--crd-wait-timeout=-1s is invalid; must be 0s or longer', { value: '-1s' }],
    [['--kvstore-lease-ttl=0'], '--kvstore-lease-ttl=0s is invalid; must be 1s or longer', {}],
    [['--k8s-client-qps=-1'], '--k8s-client-qps=-1 is invalid; must be 0 or more', {}],
  ];
  for (const [argv, message, named] of cases) {
    it(`refuses ${argv.join(' ')}`, () => {
      const { options, problems } = loadWithBase(argv);

      expect(options).toBeUndefined();
      expect(problems.map((problem) => problem.message)).toEqual([message]);
      expect(problems).toMatchObject([{ usage: false, ...named }]);
    });
  }

  it('refuses to start without an etcd', () => {
    for (const argv of [[], ['--kvstore-opt=etcd.qps=20'], ['--kvstore-opt=etcd.config=']]) {
      expect(load(['--k8s-kubeconfig-path=/k', ...argv]).problems.map((problem) => problem.message)).toEqual([
        'failed connecting to kvstore: invalid etcd configuration, etcd.config or etcd.address must be specified',
      ]);
    }
  });

  it('names the environment variable where the value comes from', () => {
    expect(loadWithBase([], { CILIUM_MAX_CONNECTED_CLUSTERS: '1' }).problems).toMatchObject([
      { option: 'CILIUM_MAX_CONNECTED_CLUSTERS', value: '1', expected: '255 or 511' },
    ]);
    expect(loadWithBase([], { CILIUM_DEBUG: 'no' }).problems).toEqual([
      {
        flag: 'debug',
        message:
          'invalid argument "no" for "CILIUM_DEBUG" environment variable: strconv.ParseBool: parsing "no": invalid syntax',
        usage: false,
        option: 'CILIUM_DEBUG',
        value: 'no',
        expected: 'true or false',
      },
    ]);
  });
});

describe('several problems', () => {
  it('are reported all at once: the command line, the environment and the rules', () => {
    const { problems } = load(
      ['--nope', '--cluster-id=-1', '--max-connected-clusters=1', '--kvstore=consul', '--log-format=x'],
      { CILIUM_HEALTH_PORT: 'x' },
    );

    expect(problems.map((problem) => [problem.usage, problem.message.slice(0, 40)])).toEqual([
      [true, 'unknown flag: --nope'],
      [true, 'invalid argument "-1" for "--cluster-id"'],
      [false, 'invalid argument "x" for "CILIUM_HEALTH_'],
      [false, 'Kubernetes client not configured, cannot'],
      [false, '--max-connected-clusters=1 is invalid; s'],
      [false, 'failed connecting to kvstore: unknown ke'],
      [false, '--log-format=x is invalid; supported val'],
    ]);
  });

  it('do not include what only follows from a value that could not be read', () => {
    const { problems } = load(['--k8s-kubeconfig-path=/k', '--kvstore-opt=etcd.config']);

    expect(problems.map((problem) => problem.message)).toEqual([
      'invalid argument "etcd.config" for "--kvstore-opt" flag: etcd.config must be formatted as key=value',
    ]);
  });

  it('still tell how to log', () => {
    expect(load(['--debug', '--log-format=json']).logging).toEqual({ debug: true, format: 'json' });
    expect(load(['--log-format=xml']).logging).toEqual({ debug: false, format: 'logfmt' });
  });
});

describe('effective options', () => {
  it('are all of them, hidden ones too, sorted, as they could be typed', () => {
    const { effective } = loadWithBase(['--crd-wait-timeout=90s', '--kvstore-opt=etcd.qps=7'], {
      CILIUM_DEBUG: '1',
    });

    expect(effective).toHaveLength(flagsOf('clustermesh').length);
    expect(effective).toEqual(effective.toSorted());
    expect(effective).toEqual(
      expect.arrayContaining([
        "  --crd-wait-timeout='1m30s'",
        "  --debug='true'",
        "  --k8s-api-server=''",
        "  --kvstore-lease-ttl='15m0s'",
        "  --kvstore-opt='etcd.address=http://127.0.0.1:2379,etcd.qps=7'",
      ]),
    );
  });

  it('show no secrets', () => {
    const { effective } = load([
      '--kvstore-opt=etcd.address=http://root:pw@h:1,etcd.password=pw',
      '--k8s-api-server=https://u:pw@h/x',
    ]);

    expect(effective).toContain("  --kvstore-opt='etcd.address=http://***@h:1,etcd.password=***'");
    expect(effective).toContain("  --k8s-api-server='https://***@h/x'");
    expect(effective.join()).not.toContain('pw');
  });
});

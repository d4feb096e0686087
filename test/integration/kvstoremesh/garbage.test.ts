import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEtcd, type TestEtcd } from '../../support/etcd.js';
import { eventually } from '../../support/eventually.js';
import { clusterKeys, ConfigFolder, endpoints, MeshLab } from '../../support/mesh-lab.js';
import { recordingLog, type LogLine } from '../../support/recording-log.js';
import { emptyRange, frame, oddEtcd, oddServer, type OddServer, pageOf } from '../../support/odd-etcd.js';

const bytes = (...values: number[]) => Buffer.from(values);
const ended = (body: Buffer) => oddEtcd({ range: { body, grpcStatus: 0 } });
const watched = (message: Buffer) => oddEtcd({ range: emptyRange, watch: { body: frame(message) } });

/** What answers instead of an etcd, in which stage that shows, and what is said of it. */
const servers: Readonly<Record<string, readonly [() => Promise<OddServer>, string, RegExp]>> = {
  http1: [
    () => oddServer((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')),
    'auth',
    /auth: /,
  ],
  noise: [
    () => oddServer((socket) => socket.write(Buffer.alloc(200_000, 'garbage\xff\x00', 'latin1'))),
    'auth',
    /auth: /,
  ],
  webpage: [
    () =>
      oddEtcd({
        range: { contentType: 'text/html', body: Buffer.from('<html>'), httpStatus: 200, grpcStatus: 0 },
      }),
    'auth',
    /auth: /,
  ],
  badgateway: [() => oddEtcd({ range: { httpStatus: 502, contentType: 'text/plain' } }), 'auth', /auth: /],
  compressed: [() => ended(frame(bytes(1, 2, 3), { flag: 1 })), 'auth', /auth: /],
  truncated: [() => ended(frame(bytes(1, 2, 3), { length: 1000 })), 'auth', /auth: /],
  endless: [() => oddEtcd({ range: { body: frame(bytes(1), { length: 0xffff_ffff }) } }), 'auth', /auth: /],
  broken: [
    () => oddEtcd({ range: { body: frame(bytes(1), { length: 50 }), destroy: true } }),
    'auth',
    /auth: /,
  ],
  protobuf: [() => ended(frame(Buffer.alloc(64, 0xff))), 'auth', /auth: /],
  cutheader: [() => ended(frame(bytes(0x0a, 0x7f, 0x08))), 'auth', /auth: /],
  headerless: [() => ended(frame(bytes())), 'auth', /without saying which cluster it is/],
  empty: [() => oddEtcd({ range: { grpcStatus: 0 } }), 'auth', /auth: /],
  internal: [() => oddEtcd({ range: { grpcStatus: 13 } }), 'auth', /auth: /],
  unimplemented: [() => oddEtcd({ range: { grpcStatus: 12 } }), 'auth', /auth: /],
  // The same page whatever is asked for, and always more to come.
  samepage: [
    () => oddEtcd({ range: pageOf('cilium/.heartbeat', 'cilium/.heartbeat2') }),
    'heartbeat',
    /^the list of cilium\/\.heartbeat makes no sense: .* not behind those of the page before$/,
  ],
  nopage: [
    () => oddEtcd({ range: pageOf() }),
    'heartbeat',
    /^the list of cilium\/\.heartbeat makes no sense: a page without keys is said not to be the last$/,
  ],
  watchnoise: [() => watched(Buffer.alloc(64, 0xff)), 'heartbeat', /protobuf|parsing/i],
  watchend: [() => oddEtcd({ range: emptyRange, watch: { grpcStatus: 0 } }), 'heartbeat', /./],
  // Cancelled at once, with no reason.
  watchcancel: [
    () => watched(bytes(0x0a, 0x02, 0x08, 0x07, 0x18, 0x01, 0x20, 0x01)),
    'heartbeat',
    /cancelled the watch/,
  ],
  // The second answer is another cluster's.
  watchforeign: [
    () => watched(bytes(0x0a, 0x02, 0x08, 0x08, 0x18, 0x01)),
    'heartbeat',
    /cluster ID has changed: expected 7, got 8/,
  ],
};

/** What may stand where a cluster's configuration should. */
const configurations: Readonly<Record<string, readonly [string | Buffer, RegExp]>> = {
  word: ['hello', /JSON/],
  array: ['[]', /no JSON object/],
  text: ['{"id":"3"}', /id is no 32-bit number: "3"/],
  negative: ['{"id":-1}', /id is no 32-bit number: -1/],
  huge: ['{"id":99999999999999999999}', /no 32-bit number/],
  infinite: ['{"id":1e999}', /no 32-bit number/],
  fraction: ['{"id":0.5}', /no 32-bit number: 0\.5/],
  flag: ['{"id":3,"capabilities":{"cached":"yes"}}', /cached is neither true nor false/],
  long: [`{"id":"${'9'.repeat(100_000)}"}`, /^id is no 32-bit number: "9{79}$/],
  deep: ['['.repeat(100_000), /JSON/],
  binary: [Buffer.from([0xff, 0xfe, 0x00, 0x80]), /JSON/],
  void: ['', /not found/],
};

/** What may stand in a configuration file. */
const files: readonly string[] = [
  'endpoints:',
  'endpoints: [[[',
  'endpoints: 5',
  'endpoints:\n- {a: 1}\n',
  'endpoints:\n- ftp://127.0.0.1:1\n',
  'endpoints:\n- http://127.0.0.1:99999999\n',
  'endpoints:\n- http://[::1:2379\n',
  'endpoints:\n- http://127.0.0.1:1\ncert-file: 7\n',
  'endpoints:\n- https://127.0.0.1:1\ntrusted-ca-file: /dev/null\n',
  '\u0000endpoints:\u0000',
  '- endpoints:\n',
  '&a endpoints: *a',
];

describe('kvstoremesh with remote clusters that send garbage', () => {
  let local: TestEtcd;
  let remote: TestEtcd;
  let folder: ConfigFolder;
  let lab: MeshLab;
  const lines: LogLine[] = [];
  const extra: OddServer[] = [];

  beforeAll(async () => {
    [local, remote, folder] = await Promise.all([startEtcd(), startEtcd(), ConfigFolder.create()]);
    for (const [key, value] of Object.entries(clusterKeys('west', 4))) await remote.client().put(key, value);
    await folder.set('west', endpoints(remote.endpoint));
    lab = await MeshLab.start({
      local: local.endpoint,
      directory: folder.path,
      timing: { answerMs: 500 },
      log: recordingLog(lines),
    });
    await eventually(async () => (await lab.cluster('west'))?.ready, { what: 'west ready' });
  });

  // Whatever ended a loop in the meantime is thrown by stop().
  afterAll(async () => {
    await lab.stop();
    await Promise.all([local.stop(), remote.stop(), folder.delete(), ...extra.map((part) => part.stop())]);
  });

  const says = (name: string, stage: string, text: RegExp) =>
    eventually(
      () =>
        lab.stage(name)?.state === stage &&
        text.test(lab.stage(name)?.details?.[`lastError.${stage}`] as string),
      { timeoutMs: 20_000, what: `${name} in ${stage} (${JSON.stringify(lab.stage(name))})` },
    );
  const raw = async (key: string, value: string | Buffer): Promise<void> => {
    const { kv } = await remote.client().etcd3();
    await kv.put({ key: Buffer.from(key, 'latin1'), value: Buffer.from(value as string) });
  };
  const expectWestUnharmed = async (): Promise<void> => {
    const value = String(Math.random());
    const started = performance.now();
    await remote.client().put('cilium/state/nodes/v1/west/n9', value);
    await eventually(async () => (await local.client().get('cilium/cache/nodes/v1/west/n9')) === value);
    expect(performance.now() - started).toBeLessThan(2000);
    expect(lab.stage('west')?.counts['failures']).toBe(0);
  };

  it('names what answers instead of an etcd, keeps trying, and serves the others', async () => {
    for (const [name, [server]] of Object.entries(servers)) {
      const odd = await server();
      extra.push(odd);
      await folder.set(name, endpoints(`http://127.0.0.1:${odd.port}`));
    }
    for (const [name, [, stage, text]] of Object.entries(servers)) await says(name, stage, text);
    for (const name of Object.keys(servers))
      await eventually(() => (lab.stage(name)?.counts['attempts'] ?? 0) > 1, {
        what: `another try at ${name}`,
      });

    await expectWestUnharmed();
    const names = (await lab.clusters()).map(({ name }) => name);
    expect(names).toEqual(['west', ...Object.keys(servers)].toSorted());
    for (const name of Object.keys(servers)) await folder.remove(name);
  });

  it('names what is wrong with a cluster configuration', async () => {
    for (const [name, [value]] of Object.entries(configurations)) {
      await raw(`cilium/cluster-config/${name}`, value);
      await folder.set(name, endpoints(remote.endpoint));
    }
    for (const [name, [, text]] of Object.entries(configurations)) await says(name, 'config', text);

    await expectWestUnharmed();
    expect(await local.client().list('cilium/cluster-config/')).toHaveLength(1);
    for (const name of Object.keys(configurations)) await folder.remove(name);
  });

  it('names what is wrong with a configuration file, and goes on when it is put right', async () => {
    const names = files.map((_, n) => `file${n}`);
    for (const [n, text] of files.entries()) await folder.set(names[n]!, text);
    for (const name of names)
      await eventually(
        () => /^(files|tcp|resolve|tls)$/.test(lab.stage(name)?.state ?? '') && lab.stage(name)?.lastError,
        {
          timeoutMs: 20_000,
          what: `a complaint about ${name}`,
        },
      );
    await expectWestUnharmed();

    for (const name of names) {
      await raw(`cilium/cluster-config/${name}`, '{"id":9}');
      await folder.set(name, endpoints(remote.endpoint));
    }
    for (const name of names) await eventually(async () => (await lab.cluster(name))?.ready, { what: name });
    for (const name of names) await folder.remove(name);
  });

  it('copies keys and values that are no UTF-8 byte for byte, and survives values made to hurt', async () => {
    const hostile = [
      '{"cluster":"west","namespace":{"toString":1,"valueOf":1},"name":[[]],"clusterID":4}',
      '{"cluster":"west","namespace":"a","name":"b","clusterID":{},"frontends":5,"backends":[null]}',
      '{"__proto__":{"cluster":"west"},"constructor":7}',
      '{"cluster":',
      'null',
      '['.repeat(50_000),
    ];
    // The node n9 that this leaves is a number, not a node.
    await expectWestUnharmed();
    for (const [n, value] of hostile.entries())
      await raw(`cilium/state/services/v1/west/hostile/${n}`, value);
    await raw('cilium/state/nodes/v1/west/\xff\xfe\x00', Buffer.from([0xff, 0x00, 0xfe]));
    await raw('cilium/state/ip/v1/default/\x80', '{"IP":{"toString":1}}');
    await raw('cilium/state/identities/v1/id/-5', Buffer.from([0x80]));
    await eventually(
      async () => (await local.client().list('cilium/cache/services/v1/west/hostile/')).length === 6,
    );
    await eventually(async () => (await local.client().entries('cilium/cache/ip/v1/west/')).length === 2);

    const [copy] = (await local.client().entries('cilium/cache/nodes/v1/west/')).filter(({ key }) =>
      key.includes(0xff),
    );
    expect([...copy!.key.subarray(-3)]).toEqual([0xff, 0xfe, 0x00]);
    expect([...copy!.value]).toEqual([0xff, 0x00, 0xfe]);
    const copies = await local.client().list('cilium/cache/services/v1/west/hostile/');
    expect(copies.map(([, value]) => value)).toEqual(hostile);
    // And n9; the small cluster's echo, n1, address and identity are good.
    await eventually(() => lab.stage('west')?.counts['faultyEntries'] === hostile.length + 3 + 1, {
      what: 'the faulty entries to be counted',
    });
    const told = lines.filter(
      ({ message, fields }) =>
        message.startsWith('Agents will skip an entry') && fields['clusterName'] === 'west',
    );
    expect(told).toHaveLength(5);
    expect(told.at(-1)?.message).toMatch(/Further ones are only counted/);
    await remote.client().deletePrefix('cilium/state/services/v1/west/hostile/');
    await eventually(() => lab.stage('west')?.counts['faultyEntries'] === 3 + 1, {
      what: 'those that are gone to be counted no more',
    });
    await expectWestUnharmed();
  });

  it('warns of cluster IDs that agents do not accept, and copies all the same', async () => {
    await raw('cilium/cluster-config/zero', '{}');
    await raw('cilium/cluster-config/biggest', '{"id":4294967295}');
    for (const name of ['zero', 'biggest']) await folder.set(name, endpoints(remote.endpoint));
    for (const name of ['zero', 'biggest']) await eventually(async () => (await lab.cluster(name))?.ready);

    const warned = lines.filter(({ message }) =>
      message.includes('a configuration that agents do not accept'),
    );
    expect(warned.map(({ level, fields }) => [level, fields['clusterName']])).toEqual(
      expect.arrayContaining([
        ['warn', 'zero'],
        ['warn', 'biggest'],
      ]),
    );
    expect(lab.stage('zero')?.details?.['warnings']).toMatch(/cluster ID 0 is reserved/);
    expect(lab.stage('biggest')?.details?.['warnings']).toMatch(/cluster ID 4294967295 is above 255/);
    await eventually(async () =>
      (await local.client().get('cilium/cluster-config/biggest'))?.startsWith('{"id":4294967295,'),
    );
  });

  it('counts what agents hold against a cluster, and our own name, in a metric that lasts as long as that does', async () => {
    const warned = async (): Promise<string[]> => {
      const samples = (await lab.metrics()).matchAll(
        /^cilium_kvstoremesh_remote_cluster_config_warnings\{source_cluster="local",source_node_name="",target_cluster="(.*)",reason="(\w+)"\} 1$/gm,
      );
      const ofTest = /^(local|south|twin|West)$/;
      return [...samples]
        .filter(([, cluster = '']) => ofTest.test(cluster))
        .map(([, cluster, reason]) => `${cluster}: ${reason}`)
        .toSorted();
    };
    const expectWarned = async (...expected: readonly string[]): Promise<void> => {
      let seen: string[] = [];
      const equal = async () => (seen = await warned()).join() === expected.join();
      await eventually(equal).catch(() => expect(seen).toEqual(expected));
    };
    await raw('cilium/cluster-config/south', '{"id":7}');
    await raw('cilium/cluster-config/twin', '{"id":7}');
    await folder.set('south', endpoints(remote.endpoint));
    await eventually(async () => (await lab.cluster('south'))?.ready, { what: 'south' });
    expect(await warned()).toEqual([]);

    for (const name of ['twin', 'West', 'local']) await folder.set(name, endpoints(remote.endpoint));
    await expectWarned('West: invalid_name', 'local: own_name', 'south: duplicate_id', 'twin: duplicate_id');
    expect(lab.directory.counts['ownFiles']).toBe(1);
    expect((await lab.clusters()).some(({ name }) => name === 'local')).toBe(false);

    for (const name of ['twin', 'West', 'local']) await folder.remove(name);
    await expectWarned();
  });
});

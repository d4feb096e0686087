import { describe, expect, it } from 'vitest';
import { type CommandName, envName, propertyName } from '../../../src/modules/config/flag.js';
import { FLAGS, flagsOf } from '../../../src/modules/config/flags.js';
import { textOfValue, valueOfText } from '../../../src/modules/config/flag-value.js';

const commands = [...new Set(FLAGS.flatMap((flag) => flag.commands))];

describe('the table of flags', () => {
  it('has each name and shorthand once a command', () => {
    for (const command of commands) {
      const names = flagsOf(command).flatMap((flag) => [flag.name, flag.shorthand ?? []].flat());

      expect(names).toEqual([...new Set(names)]);
    }
  });

  it('has defaults that can be read, written as they are shown', () => {
    for (const flag of FLAGS) {
      expect(textOfValue(flag.type, valueOfText(flag.type, flag.default))).toBe(flag.default);
    }
  });

  it('keeps `help` and `h` free', () => {
    expect(FLAGS.filter((flag) => flag.name === 'help' || flag.shorthand === 'h')).toEqual([]);
  });

  it('holds what spec/operations.md §2.1 and §5 list', () => {
    const names = (command: CommandName): string =>
      flagsOf(command)
        .map((flag) => flag.name)
        .join(' ');

    expect(names('etcdinit')).toBe(
      'cluster-name debug etcd-binary etcd-cluster-name etcd-data-dir etcd-initial-cluster-token force log-format timeout',
    );
    expect(names('clustermesh-dbg troubleshoot')).toBe('etcd-config timeout');
    expect(names('kvstoremesh-dbg status')).toBe('host output verbose');
    expect(names('kvstoremesh-dbg troubleshoot')).toBe(
      'clustermesh-config etcd-config host include-local timeout',
    );
    const both =
      'cluster-id cluster-name max-connected-clusters controller-group-metrics debug gops-port health-port kvstore kvstore-opt ' +
      'kvstore-connectivity-timeout kvstore-lease-ttl kvstore-max-consecutive-quorum-errors kvstore-periodic-sync pprof ' +
      'pprof-address pprof-port prometheus-serve-addr log-format ' +
      'leader-election leader-election-namespace leader-election-lease-name';
    const clustermesh =
      'cluster-users-enabled cluster-users-config-path crd-wait-timeout enable-external-workloads enable-k8s ' +
      'enable-k8s-api-discovery enable-k8s-endpoint-slice k8s-api-server k8s-kubeconfig-path k8s-client-qps k8s-client-burst ' +
      'k8s-client-connection-timeout k8s-client-connection-keep-alive k8s-heartbeat-timeout k8s-service-proxy-name ' +
      'admin-serve-addr';
    const kvstoremesh =
      'api-serve-addr clustermesh-config per-cluster-ready-timeout global-ready-timeout disable-drain-on-disconnection ' +
      'admin-serve-addr clustermesh-cache-ttl k8s-api-server k8s-kubeconfig-path';
    const sorted = (text: string): string => text.split(' ').toSorted().join(' ');
    expect(names('clustermesh')).toBe(sorted(`${both} ${clustermesh}`));
    expect(names('kvstoremesh')).toBe(sorted(`${both} ${kvstoremesh}`));
  });

  it('reads the list of certificates from the variable of cilium-certgen', () => {
    const flag = flagsOf('certs').find(({ name }) => name === 'config');

    expect(flag && envName(flag)).toBe('CILIUM_CERTGEN_CONFIG');
  });

  it('derives the environment variable and the property from the name', () => {
    const flag = FLAGS.find((candidate) => candidate.name === 'k8s-client-qps')!;

    expect(envName(flag)).toBe('CILIUM_K8S_CLIENT_QPS');
    expect(propertyName(flag)).toBe('k8sClientQps');
  });
});

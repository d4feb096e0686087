import type { CommandName, Flag, FlagType } from './flag.js';

const peering = ['connect', 'disconnect'] as const;
const single = [...peering, 'secret extract', 'secret import'] as const;

/** Of the commands that connect clusters; for people, so none is read from the environment (but $KUBECONFIG is). */
export const PEERING_FLAGS: readonly Flag[] = [
  flag(
    [...single, 'status'],
    'namespace',
    'string',
    'kube-system',
    'Namespace of Cilium in each cluster',
    'n',
  ),
  flag(
    [...single, 'status'],
    'kubeconfig',
    'string',
    '',
    'Path of a kubeconfig file (empty: $KUBECONFIG, ~/.kube/config, or the service account of the pod)',
  ),
  flag(
    single,
    'context',
    'string',
    '',
    'Context of the kubeconfig for this cluster (empty: the current one)',
  ),
  flag(['status'], 'context', 'list', '', 'Contexts of the clusters to show (empty: the current one)'),
  flag(peering, 'destination-context', 'list', '', 'Contexts of the other clusters'),
  flag(
    peering,
    'connection-mode',
    'string',
    'bidirectional',
    'bidirectional: this cluster with each other; mesh: each with each; unicast: this cluster to the others, not back',
  ),
  flag(
    ['disconnect'],
    'destination-name',
    'list',
    '',
    'Names of clusters that are gone: taken out of this cluster alone',
  ),
  flag(
    ['connect'],
    'source-endpoint',
    'list',
    '',
    'host:port by which others reach this cluster (empty: ask its service)',
  ),
  flag(
    ['connect'],
    'destination-endpoint',
    'list',
    '',
    'host:port of the other cluster (empty: ask its service)',
  ),
  flag(['status'], 'wait', 'bool', 'false', 'Wait until everything is well'),
  flag(['status'], 'wait-duration', 'duration', '15m0s', 'How long to wait'),
  flag(['status'], 'output', 'string', 'summary', 'summary or json', 'o'),
  flag(
    ['secret extract'],
    'address',
    'list',
    '',
    'host:port by which others reach this cluster (empty: ask its service)',
  ),
  flag(
    ['secret extract'],
    'output',
    'string',
    '',
    'File to write, readable by its owner alone; - is stdout (empty: stdout unless it is a terminal)',
    'o',
  ),
];

// The columns of the table above.
// oxlint-disable-next-line max-params
function flag(
  commands: readonly CommandName[],
  name: string,
  type: FlagType,
  byDefault: string,
  help: string,
  shorthand?: string,
): Flag {
  return {
    name,
    type,
    default: byDefault,
    help,
    noEnv: true,
    commands,
    ...(shorthand === undefined ? {} : { shorthand }),
  };
}

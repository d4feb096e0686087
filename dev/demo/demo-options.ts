import { parseArgs } from 'node:util';
import { largeCluster, type ClusterShape } from '../cluster-generator.js';

export interface DemoOptions {
  /** A generated cluster instead of the folder of manifests. */
  readonly cluster: ClusterShape | undefined;
  /** Changes per second of a generated cluster. */
  readonly rate: number;
  /** Print the keys, check them, and end. */
  readonly once: boolean;
  readonly help: boolean;
  /** Seconds after which it ends by itself; undefined: at Ctrl-C. */
  readonly duration: number | undefined;
  /** That many clusters, of which the first copies what the others have, instead of one. */
  readonly mesh: number | undefined;
  /** Folder of the example cluster. */
  readonly manifests: string;
}

export const usage = `npm run demo [-- OPTIONS]
  --manifests DIR   the cluster's objects, as YAML (default dev/manifests)
  --nodes N  --identities N  --endpoints N  --services N
                    generate a cluster instead; what is not given is 0
  --rate N          changes of the generated cluster per second (default 0)
  --mesh N          N small clusters, 2 to 9, and a kvstoremesh in the first that copies what the others have
  --once            print the keys, check them, end
  --duration N      end after N seconds`;

const sizes = ['nodes', 'identities', 'endpoints', 'services'] as const;

/** @throws Error (TypeError of parseArgs for an unknown option) whose message is meant for the user */
export function parseDemoOptions(args: readonly string[], defaultManifests: string): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      nodes: { type: 'string' },
      identities: { type: 'string' },
      endpoints: { type: 'string' },
      services: { type: 'string' },
      rate: { type: 'string' },
      duration: { type: 'string' },
      manifests: { type: 'string' },
      mesh: { type: 'string' },
      once: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const given = sizes.some((size) => values[size] !== undefined);
  if (given && values.manifests !== undefined)
    throw new Error('--manifests and a generated cluster exclude each other');
  const others = ['manifests', 'rate', ...sizes] as const;
  if (values.mesh !== undefined && others.some((name) => values[name] !== undefined))
    throw new Error('--mesh has its own objects: of the other options only --once and --duration go with it');
  const counts = Object.fromEntries(sizes.map((size) => [size, count(size, values[size] ?? '0')]));
  return {
    cluster: given ? { ...largeCluster, ...counts } : undefined,
    rate: count('rate', values.rate ?? '0'),
    once: values.once,
    help: values.help,
    duration: values.duration === undefined ? undefined : count('duration', values.duration),
    mesh: values.mesh === undefined ? undefined : meshSize(values.mesh),
    manifests: values.manifests ?? defaultManifests,
  };
}

function count(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`--${name} wants a number, not "${text}"`);
  return Number(text);
}

function meshSize(text: string): number {
  const clusters = count('mesh', text);
  if (clusters < 2 || clusters > 9) throw new Error(`--mesh wants 2 to 9 clusters, not "${text}"`);
  return clusters;
}

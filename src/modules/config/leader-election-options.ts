import { type ApiServerOptions, apiServerOf } from './api-server-options.js';
import type { Environment } from './resolve-flags.js';
import { Rule } from './setting-rules.js';

/** Which Lease elects the writer among replicas. */
export interface LeaderElectionOptions {
  readonly namespace: string;
  readonly leaseName: string;
  readonly apiServer: ApiServerOptions;
}

/** The flags of the leader election, which both servers have. */
export class LeaderElectionSettings {
  leaderElection!: boolean;

  @Rule('given', 'a namespace', requiredFault)
  leaderElectionNamespace!: string;

  @Rule('given', 'the name of a Lease', requiredFault)
  leaderElectionLeaseName!: string;

  k8sApiServer!: string;
  k8sKubeconfigPath!: string;
}

/** Absent when the election is off. */
export function leaderElectionOf(
  settings: LeaderElectionSettings,
  env: Environment,
): { readonly leaderElection?: LeaderElectionOptions } {
  if (!settings.leaderElection) return {};
  const namespace = settings.leaderElectionNamespace;
  const leaseName = settings.leaderElectionLeaseName;
  return { leaderElection: { namespace, leaseName, apiServer: apiServerOf(settings, env) } };
}

function requiredFault(value: string, { leaderElection }: LeaderElectionSettings): string | undefined {
  return leaderElection && value === '' ? '--{flag} is required with --leader-election' : undefined;
}

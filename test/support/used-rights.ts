import { readFile } from 'node:fs/promises';

/** A rule of a Role, or of a ClusterRole. */
export interface RightsRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly responseStatus?: { readonly code: number };
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly name?: string;
  };
}

/** A policy that has the API server write down who asked for what. */
export const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata' }],
};

/** One line a right, `group resource verb` and a name where the rule has one; sorted. */
export function grantedRights(rules: readonly RightsRule[]): string[] {
  const rights = rules.flatMap(({ apiGroups, resources, resourceNames = [''], verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) => resourceNames.map((name) => right(group, resource, verb, name))),
      ),
    ),
  );
  return [...new Set(rights)].toSorted();
}

/** The granted rights of which a user has made use, and in the same form what was asked for and refused. */
export async function usedRights(
  auditLog: string,
  username: string,
  granted: readonly string[],
): Promise<{ readonly used: string[]; readonly refused: string[] }> {
  const lines = (await readFile(auditLog, 'utf8')).split('\n').filter((line) => line !== '');
  const events = lines.map((line) => JSON.parse(line) as AuditEvent);
  const used = new Set<string>();
  const refused = new Set<string>();
  for (const { verb, user, objectRef, responseStatus } of events) {
    if (user.username !== username || !objectRef) continue;
    const { apiGroup = '', resource, subresource, name = '' } = objectRef;
    const what = subresource === undefined ? resource : `${resource}/${subresource}`;
    const forms = [right(apiGroup, what, verb, name), right(apiGroup, what, verb, '')];
    if (responseStatus?.code === 403) refused.add(forms[0] ?? '');
    const form = forms.find((one) => granted.includes(one));
    if (form !== undefined) used.add(form);
  }
  return { used: [...used].toSorted(), refused: [...refused].toSorted() };
}

function right(group: string, resource: string, verb: string, name: string): string {
  return [group || 'core', resource, verb, name].filter((part) => part !== '').join(' ');
}

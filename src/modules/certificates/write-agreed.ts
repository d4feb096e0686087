import { StartError } from '../../common/start-error.js';
import type { SecretPlace, SecretStore, StoredSecret } from './secret-store.js';

/** What to write, if anything, and what is then true. */
export interface SecretDecision<T> {
  readonly result: T;
  readonly data?: Readonly<Record<string, string>>;
}

/** Another job writes at most a few times at once. */
const maxAttempts = 5;

/** Reads, decides and writes, again while somebody else writes in between. @throws StartError when that does not end; KubeError. */
export async function writeAgreed<T>(
  secrets: SecretStore,
  place: SecretPlace,
  type: string,
  decide: (before: StoredSecret | undefined) => Promise<SecretDecision<T>>,
): Promise<T> {
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const before = await secrets.get(place);
    const { result, data } = await decide(before);
    if (!data || (await secrets.write(place, before, type, data))) return result;
  }
  const { namespace, name } = place;
  throw new StartError(`somebody else keeps changing the secret ${namespace}/${name}`, { prefixed: false });
}

import { type KubeApi, KubeError, type KubeObject, type ResourceRef } from '../kubernetes/kube-api.js';
import { resourcePath } from '../kubernetes/resources.js';

export type Requests = Pick<KubeApi, 'request'>;

/** Tries against other writers of the same object before the registration is put back into its queue. */
const maxConflicts = 5;

/**
 * Reads and writes one object until no other writer came between. `step` gets the object as it is now (undefined: there is
 * none) and says that it is done, or that somebody was faster. @throws KubeError of any other refusal.
 */
export async function untilUndisturbed<T>(
  read: () => Promise<KubeObject | undefined>,
  step: (present: KubeObject | undefined) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const present = await read();
    try {
      return await step(present);
    } catch (error) {
      if (!isConflict(error, present) || attempt >= maxConflicts) throw error;
    }
  }
}

/** 409: it exists already, or was changed since it was read. 404 of one that was just read: it was deleted since. */
function isConflict(error: unknown, present: KubeObject | undefined): boolean {
  if (!(error instanceof KubeError)) return false;
  return error.status === 409 || (error.status === 404 && present !== undefined);
}

/** undefined: it does not exist. Nothing else is taken for that. @throws KubeError. */
export async function readObject(
  api: Requests,
  ref: ResourceRef,
  place: { readonly name: string; readonly namespace?: string },
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  try {
    return await api.request<KubeObject>('GET', resourcePath(ref, place), { signal });
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return undefined;
    throw error;
  }
}

/** Whether two values are the same to the API server: fields in any order, empty members as good as absent ones. */
export function sameContent(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) => {
    if (typeof field !== 'object' || field === null || Array.isArray(field)) return field ?? undefined;
    const entries = Object.entries(field).filter(([, member]) => !isEmpty(member));
    return Object.fromEntries(entries.sort(([x], [y]) => (x < y ? -1 : 1)));
  });
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined) return true;
  return typeof value === 'object' && Object.values(value).every(isEmpty);
}

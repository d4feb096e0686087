import type { Log } from '../../common/log.js';
import type { KubeObject, ResourceSink } from './kube-api.js';
import type { WatchEvent } from './watch-stream.js';

/** An object that makes the sink throw is complained about once, as long as so many fit. */
const maxComplaints = 1000;

/**
 * What the reflector gave to its sink. The one place where the sink's errors are caught: an object that it cannot take is a
 * bug of ours, but must not stop the others, whose state would age.
 */
export class ReflectedObjects<T extends KubeObject> {
  upserts = 0;
  deletes = 0;
  /** Objects that the sink refused by throwing, and ones without a name. */
  rejected = 0;
  /** How many the API server has, by its own account. */
  objects = 0;
  private readonly complaints = new Set<string>();

  constructor(
    private readonly sink: ResourceSink<T>,
    private readonly log: Log,
    private readonly resource: string,
  ) {}

  /** An event of a watch. Returns the object's key; undefined when it has none. */
  apply({ type, object }: WatchEvent): string | undefined {
    const key = keyOf(object);
    if (type === 'BOOKMARK') return undefined;
    if (key === undefined) {
      this.reject('(an object without a name)', new Error('metadata.name is missing'));
      return undefined;
    }
    if (type === 'ADDED') this.objects++;
    if (type === 'DELETED') {
      this.objects = Math.max(0, this.objects - 1);
      this.delete(key);
    } else {
      this.upserts++;
      this.guarded(key, () => this.sink.upsert(key, object as T));
    }
    return key;
  }

  /** `seen` is all that the API server has: what the sink has beyond it went while nobody watched. */
  replaced(seen: ReadonlySet<string>): void {
    this.objects = seen.size;
    const gone: string[] = [];
    for (const key of this.sink.keys()) if (!seen.has(key)) gone.push(key);
    for (const key of gone) this.delete(key);
  }

  private delete(key: string): void {
    this.deletes++;
    this.complaints.delete(key);
    this.guarded(key, () => this.sink.delete(key));
  }

  private guarded(key: string, give: () => void): void {
    try {
      give();
    } catch (error) {
      this.reject(key, error);
    }
  }

  private reject(key: string, error: unknown): void {
    this.rejected++;
    if (this.complaints.has(key) || this.complaints.size >= maxComplaints) return;
    this.complaints.add(key);
    this.log.error('Unable to handle object, skipping it', { resource: this.resource, object: key, error });
  }
}

/** `name` or `namespace/name`. */
function keyOf(object: unknown): string | undefined {
  const metadata = (object as Partial<KubeObject> | null)?.metadata;
  if (typeof metadata?.name !== 'string' || metadata.name === '') return undefined;
  return metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
}

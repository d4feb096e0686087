import type { Log } from '../../common/log.js';
import type { Complaint } from './projections/projection.js';

/**
 * Bad input is said once an object, not once an event: a complaint is repeated only when the object complains of something
 * else. Memory is bounded by the objects that are bad now.
 */
export class ComplaintBook {
  private readonly open = new Map<string, string>();

  constructor(
    /** Plural of the resource, for the log and the metric. */
    private readonly resource: string,
    private readonly log: Log,
    private readonly onRejected: (resource: string) => void,
  ) {}

  /** What the projection of this object complained of; nothing closes the case. */
  note(key: string, complaints: readonly Complaint[]): void {
    if (complaints.length === 0) {
      if (this.open.size > 0) this.open.delete(key);
      return;
    }
    const text = complaints
      .map((complaint) => complaint.message + JSON.stringify(complaint.fields))
      .join('\n');
    if (!this.opens(key, text)) return;
    for (const { message, fields } of complaints)
      this.log.warn(message, { resource: this.resource, object: key, ...fields });
  }

  /** The projection of this object threw: a bug of ours, worded as the reflector's. */
  failed(key: string, error: unknown): void {
    if (!this.opens(key, String(error))) return;
    this.log.error('Unable to handle object, skipping it', { resource: this.resource, object: key, error });
  }

  close(key: string): void {
    this.open.delete(key);
  }

  /** The objects that are bad now. */
  keys(): Iterable<string> {
    return this.open.keys();
  }

  /** How many that are. */
  get size(): number {
    return this.open.size;
  }

  private opens(key: string, text: string): boolean {
    if (this.open.get(key) === text) return false;
    this.open.set(key, text);
    this.onRejected(this.resource);
    return true;
  }
}

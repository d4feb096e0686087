import type { Bytes } from '../../common/bytes.js';
import { labelsKey, type SecurityLabels } from './security-labels.js';

export interface Hold {
  readonly number: number;
  readonly labels: SecurityLabels;
  readonly key: Bytes;
  readonly owners: Set<string>;
}

/** Who needs which identity. An owner holds at most one; an identity is held as long as it has an owner. */
export class IdentityHolds {
  private readonly byOwner = new Map<string, Hold>();
  private readonly byNumber = new Map<number, Hold>();

  get identities(): number {
    return this.byNumber.size;
  }

  get owners(): number {
    return this.byOwner.size;
  }

  get(number: number): Hold | undefined {
    return this.byNumber.get(number);
  }

  /** The number held for these labels. */
  numberFor(key: Bytes): number | undefined {
    for (const hold of this.byNumber.values()) if (hold.key === key) return hold.number;
    return undefined;
  }

  /** Takes the place of what the owner held before. */
  set(owner: string, number: number, labels: SecurityLabels): void {
    const key = labelsKey(labels);
    const before = this.byOwner.get(owner);
    if (before?.number === number && before.key === key) return;
    this.release(owner);
    let hold = this.byNumber.get(number);
    if (hold?.key !== key) {
      // The number means something else now; who held it under the old labels holds nothing any more.
      for (const other of hold?.owners ?? []) this.byOwner.delete(other);
      hold = { number, labels, key, owners: new Set() };
      this.byNumber.set(number, hold);
    }
    hold.owners.add(owner);
    this.byOwner.set(owner, hold);
  }

  release(owner: string): void {
    const hold = this.byOwner.get(owner);
    if (!hold) return;
    this.byOwner.delete(owner);
    hold.owners.delete(owner);
    if (hold.owners.size === 0 && this.byNumber.get(hold.number) === hold) this.byNumber.delete(hold.number);
  }

  /** Nobody holds the number any more. Returns who did. */
  drop(number: number): readonly string[] {
    const owners = [...(this.byNumber.get(number)?.owners ?? [])];
    for (const owner of owners) this.release(owner);
    return owners;
  }

  numbers(): readonly number[] {
    return [...this.byNumber.keys()];
  }
}

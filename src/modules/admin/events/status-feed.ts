import type { ScopeStatus } from '../../mirror/mirror-api.js';
import type { StageStatus } from '../../../common/stage.js';
import type { Status } from '../status/status-report.js';
import { scopeId } from './look.js';

/** A `status` message of the stream: a status whole, or what is new against the message before. */
export interface StatusUpdate {
  /** True: `stages` and `scopes` are complete, and in their order. */
  readonly full: boolean;
  /** When it was looked at, ms since the epoch, by the server's clock. */
  readonly at: number;
  /** Everything but stages and scopes, always whole. */
  readonly head: Omit<Status, 'stages' | 'scopes'>;
  readonly stages: readonly StageStatus[];
  readonly scopes: readonly ScopeStatus[];
  /** Names of stages, and cluster/scope of scopes, that are there no more. */
  readonly goneStages: readonly string[];
  readonly goneScopes: readonly string[];
}

/** Makes updates of statuses, so that the hundreds of remote clusters that stay as they are cost no bytes. */
export class StatusFeed {
  private readonly stages = new Parts<StageStatus>(({ name }) => name);
  private readonly scopes = new Parts<ScopeStatus>(scopeId);

  /** What is new since the last call; everything at the first. */
  update(at: number, { stages, scopes, ...head }: Status): StatusUpdate {
    const changedStages = this.stages.update(stages);
    const changedScopes = this.scopes.update(scopes);
    return {
      full: false,
      at,
      head,
      stages: changedStages.changed,
      scopes: changedScopes.changed,
      goneStages: changedStages.gone,
      goneScopes: changedScopes.gone,
    };
  }
}

export function fullUpdate(at: number, { stages, scopes, ...head }: Status): StatusUpdate {
  return { full: true, at, head, stages, scopes, goneStages: [], goneScopes: [] };
}

class Parts<T> {
  private known = new Map<string, string>();

  constructor(private readonly idOf: (part: T) => string) {}

  update(parts: readonly T[]): { changed: T[]; gone: string[] } {
    const before = this.known;
    this.known = new Map(parts.map((part) => [this.idOf(part), JSON.stringify(part)]));
    const changed = parts.filter((part) => {
      const id = this.idOf(part);
      return before.get(id) !== this.known.get(id);
    });
    return { changed, gone: [...before.keys()].filter((id) => !this.known.has(id)) };
  }
}

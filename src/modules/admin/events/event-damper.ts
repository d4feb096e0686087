import type { EventDraft } from './admin-event.js';

interface Topic {
  /** Until then further events of the topic are held, ms. */
  heldUntil: number;
  holdMs: number;
  /** The events that were held, as one. */
  held: EventDraft | undefined;
}

const firstHoldMs = 10_000;
const longestHoldMs = 5 * 60_000;

/**
 * What goes on and on (a stage that flaps, two writers that disagree) must not push everything else out of the ring: the first
 * event of a topic passes, those that follow within 10 s become one, then within 20 s, up to 5 min. A topic that was calm for
 * as long as it was last held begins anew.
 */
export class EventDamper {
  private readonly topics = new Map<string, Topic>();

  /** Topics that are remembered; they are forgotten when calm. */
  get size(): number {
    return this.topics.size;
  }

  /** The event itself when it may pass, undefined when it is held. */
  offer(draft: EventDraft, now: number): EventDraft | undefined {
    const topic = this.topics.get(draft.topic);
    if (topic && (now < topic.heldUntil || topic.held)) {
      topic.held = topic.held ? merged(topic.held, draft) : draft;
      return undefined;
    }
    this.topics.set(draft.topic, { heldUntil: now + firstHoldMs, holdMs: firstHoldMs, held: undefined });
    return draft;
  }

  /** The held events whose time has come. To be called about once a second. */
  due(now: number): readonly EventDraft[] {
    const ready: EventDraft[] = [];
    for (const [name, topic] of this.topics) {
      if (now < topic.heldUntil) continue;
      if (!topic.held) {
        this.topics.delete(name);
        continue;
      }
      ready.push(topic.held);
      topic.held = undefined;
      topic.holdMs = Math.min(topic.holdMs * 2, longestHoldMs);
      topic.heldUntil = now + topic.holdMs;
    }
    return ready;
  }
}

function merged(first: EventDraft, next: EventDraft): EventDraft {
  return { ...next, at: first.at, count: first.count + next.count };
}

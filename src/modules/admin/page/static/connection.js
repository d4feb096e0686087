/** @import { StatusUpdate } from '../../events/status-feed.js' */
/** @import { AdminEvent } from '../../events/admin-event.js' */

/**
 * @typedef {object} ConnectionListener
 * @property {(update: StatusUpdate) => void} onStatus
 * @property {(event: AdminEvent) => void} onEvent
 * @property {(missed: number) => void} onMissed
 */

/** The server speaks once a second, at the least every four; so long a silence means that it is gone, ms. */
const silenceMs = 5000;
/** The browser connects again by itself, but not after every kind of end, nor when nothing tells it that the line is dead. */
const reconnectMs = 3000;

/** Follows `/events`, for ever. */
export class Connection {
  #listener;
  /** @type {EventSource | undefined} */
  #source;
  #heardAt = performance.now();
  #triedAt = 0;
  #lastId = '';

  /** @param {ConnectionListener} listener */
  constructor(listener) {
    this.#listener = listener;
    this.#open();
    setInterval(() => this.#look(), 500);
  }

  /** For how long the server has said nothing, ms; 0 as long as that is no reason to worry. */
  get silentMs() {
    const silent = performance.now() - this.#heardAt;
    return silent > silenceMs ? silent : 0;
  }

  #open() {
    this.#source?.close();
    this.#triedAt = performance.now();
    const after = this.#lastId === '' ? '' : `&after=${encodeURIComponent(this.#lastId)}`;
    const source = new EventSource(`/events?status=true${after}`);
    this.#source = source;
    source.addEventListener('status', ({ data }) => {
      this.#heardAt = performance.now();
      this.#listener.onStatus(JSON.parse(data));
    });
    source.addEventListener('missed', ({ data }) => this.#listener.onMissed(JSON.parse(data).missed));
    source.addEventListener('message', ({ data, lastEventId }) => {
      this.#lastId = lastEventId;
      this.#listener.onEvent(JSON.parse(data));
    });
  }

  /** Anew rather than waiting for the browser's own attempts, whose pauses grow. */
  #look() {
    if (this.silentMs > 0 && performance.now() - this.#triedAt > reconnectMs) this.#open();
  }
}

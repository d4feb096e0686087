/** @import { AdminEvent } from '../../../events/admin-event.js' */
import { byId, icon, make } from '../dom.js';
import { clockTime, fullTime, number } from '../format.js';

/** As many as the server keeps. */
const kept = 500;

/** What happened, newest first. */
export class EventsView {
  #list = byId('events');
  /** @type {Set<string>} */
  #known = new Set();

  /** @param {AdminEvent} event */
  add(event) {
    if (this.#known.has(event.id)) return;
    this.#known.add(event.id);
    const { kind, level, subject, text, error, at, count } = event;
    const what = make('div', {}, [
      ...(subject === ''
        ? []
        : [make('span', { class: 'subject' }, [kind === 'resync' ? 'resync' : subject]), ' ']),
      text,
      ...(count > 1 ? [make('span', { class: 'times' }, [` ×${number(count)}`])] : []),
      ...(error === undefined
        ? []
        : [make('p', { class: level === 'warning' ? 'error' : 'error past' }, [error])]),
    ]);
    const time = make('time', { datetime: fullTime(at), title: fullTime(at) }, [clockTime(at)]);
    const mood = level === 'warning' ? 'warn' : 'info';
    const sign = make('span', {}, [icon(mood), make('span', { class: 'hidden' }, [level])]);
    this.#put(make('li', { 'data-id': event.id }, [time, sign, what]));
  }

  /** @param {number} missed events that the server has forgotten */
  addMissed(missed) {
    const text = `${number(missed)} events are not here: the server keeps the latest only.`;
    this.#put(make('li', {}, [make('span'), make('span', {}, [icon('warn')]), make('div', {}, [text])]));
  }

  /** @param {HTMLElement} item */
  #put(item) {
    this.#list.prepend(item);
    const last = this.#list.lastElementChild;
    if (this.#list.childElementCount <= kept || !last) return;
    this.#known.delete(/** @type {HTMLElement} */ (last).dataset['id'] ?? '');
    last.remove();
  }
}

/** @import { Snapshot } from '../model.js' */
/** @import { Mood } from '../dom.js' */
import { byId, fill, icon, keyed, make, setClass, setText } from '../dom.js';
import { duration, number, size } from '../format.js';
import { sumOf } from '../model.js';
import { verdict } from '../verdict.js';
import { Sparkline } from './sparkline.js';

/**
 * @typedef {object} Figure
 * @property {string} name
 * @property {string} value
 * @property {string} note
 * @property {Element} [picture]
 */

const marks = /** @type {const} */ ({ ok: '✓', busy: '…', warn: '!', bad: '✕' });
const colours = /** @type {const} */ ({ ok: '#0f7a42', busy: '#0b5cad', warn: '#b36b00', bad: '#c62820' });

/** The head of the page: who this is, how it is, and a handful of figures. */
export class SummaryView {
  #sparkline = new Sparkline();
  #name = 'ClusterMesh';

  /** @param {Snapshot} snapshot */
  show(snapshot) {
    const { head, at } = snapshot;
    this.#name = `${head.cluster.name} · ${head.program}`;
    setText(byId('program'), head.program === 'kvstoremesh' ? 'KVStoreMesh' : 'ClusterMesh API server');
    setText(byId('cluster'), `${head.cluster.name} (id ${head.cluster.id})`);
    const ready = head.readySince === undefined ? 'not ready' : `ready for ${duration(at - head.readySince)}`;
    setText(byId('about'), `${head.version} · up ${duration(at - head.startedAt)} · ${ready}`);
    const { mood, title, detail } = verdict(snapshot);
    setClass(byId('verdict'), `verdict ${mood}`);
    fill(byId('verdict-icon'), mood, () => [icon(mood)]);
    setText(byId('verdict-title'), title);
    setText(byId('verdict-detail'), detail);
    this.showTitle(mood);
    this.#sparkline.add(snapshot);
    this.#showFigures(figures(snapshot, this.#sparkline.element));
  }

  /**
   * The tab says it, too.
   * @param {Exclude<Mood, 'info'>} mood
   */
  showTitle(mood) {
    const title = `${marks[mood]} ${this.#name}`;
    if (document.title === title) return;
    document.title = title;
    const shape =
      mood === 'bad' ? '<path d="M5 1h6l4 4v6l-4 4H5l-4-4V5z"/>' : '<circle cx="8" cy="8" r="7"/>';
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="${colours[mood]}">${shape}</svg>`;
    byId('favicon').setAttribute('href', `data:image/svg+xml,${encodeURIComponent(svg)}`);
  }

  /** @param {readonly Figure[]} all */
  #showFigures(all) {
    keyed(byId('figures'), all, {
      key: ({ name }) => name,
      create: ({ name, picture }) =>
        make('div', { class: 'figure' }, [
          make('dt', {}, [name]),
          make('dd', { class: 'value' }),
          make('dd', { class: 'note' }),
          ...(picture ? [picture] : []),
        ]),
      update: (element, { value, note }) => {
        const [, valueElement, noteElement] = element.children;
        if (valueElement) setText(valueElement, value);
        if (noteElement) setText(noteElement, note);
      },
    });
  }
}

/**
 * @param {Snapshot} snapshot
 * @param {Element} sparkline
 * @returns {readonly Figure[]}
 */
function figures({ head, scopes, stages }, sparkline) {
  const { memory, traffic } = head;
  const dirty = sumOf(scopes, 'dirty');
  const inFlight = sumOf(scopes, 'inFlight');
  const way = `${number(dirty)} waiting, ${number(inFlight)} in flight`;
  return [
    {
      name: 'Keys wanted',
      value: number(sumOf(scopes, 'keys')),
      note: refusedNote(sumOf(scopes, 'refused')),
    },
    { name: 'On the way', value: number(dirty + inFlight), note: way },
    ...trafficFigures(traffic, sparkline),
    leaseFigure(stages.find(({ name }) => name === 'etcd/leases')),
    { name: 'Memory', value: size(memory.rss), note: `${size(memory.heapUsed)} heap in use` },
  ];
}

/**
 * @param {Snapshot['head']['traffic']} traffic
 * @param {Element} sparkline
 * @returns {readonly Figure[]}
 */
function trafficFigures(traffic, sparkline) {
  const over = traffic ? `over ${Math.round(traffic.windowMs / 1000)} s` : '';
  const spread = traffic?.propagation;
  const quantiles = spread ? `${milliseconds(spread.p50Ms)} / ${milliseconds(spread.p99Ms)} ms` : '–';
  const changes = spread ? `p50 / p99, ${number(spread.changes)} ${over}` : `no change ${over}`;
  const rate = `${number(traffic?.keysPerSecond ?? 0)} /s`;
  return [
    { name: 'Change → etcd', value: quantiles, note: changes },
    { name: 'Writes', value: rate, note: `keys, ${over}`, picture: sparkline },
  ];
}

/**
 * @param {Snapshot['stages'][number] | undefined} stage
 * @returns {Figure}
 */
function leaseFigure(stage) {
  const count = (/** @type {string} */ name) => number(stage?.counts[name] ?? 0);
  return {
    name: 'Leases',
    value: count('leases'),
    note: `${count('keys')} keys, ${count('lostLeases')} lost`,
  };
}

/** @param {number} refused */
function refusedNote(refused) {
  return refused === 0 ? 'none refused' : `${number(refused)} refused by etcd`;
}

/** @param {number} ms */
function milliseconds(ms) {
  return number(ms >= 100 ? Math.round(ms) : ms);
}

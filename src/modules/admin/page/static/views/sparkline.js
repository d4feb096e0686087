/** @import { Snapshot } from '../model.js' */

const svgNamespace = 'http://www.w3.org/2000/svg';
const width = 72;
const height = 26;
const samples = 90;

/** Keys written a second, of the last minute and a half. The figure beside it says it in a number. */
export class Sparkline {
  element = document.createElementNS(svgNamespace, 'svg');
  #line = document.createElementNS(svgNamespace, 'polyline');
  /** @type {number[]} */
  #rates = [];
  /** @type {{ at: number, written: number } | undefined} */
  #last;

  constructor() {
    this.element.setAttribute('class', 'spark');
    this.element.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.element.setAttribute('aria-hidden', 'true');
    this.element.append(this.#line);
  }

  /** @param {Snapshot} snapshot */
  add({ at, stages }) {
    const written = stages.find(({ name }) => name === 'writer')?.counts['writtenKeys'] ?? 0;
    const last = this.#last;
    this.#last = { at, written };
    if (!last || at <= last.at || written < last.written) return;
    this.#rates.push(((written - last.written) * 1000) / (at - last.at));
    if (this.#rates.length > samples) this.#rates.shift();
    const most = Math.max(1, ...this.#rates);
    const points = this.#rates.map((rate, index) => {
      const x = width - ((this.#rates.length - 1 - index) * width) / (samples - 1);
      return `${x.toFixed(1)},${(height - 1 - (rate / most) * (height - 3)).toFixed(1)}`;
    });
    this.#line.setAttribute('points', points.join(' '));
  }
}

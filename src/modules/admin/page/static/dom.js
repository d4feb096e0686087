/** @typedef {'ok' | 'busy' | 'warn' | 'bad' | 'info'} Mood */

const svgNamespace = 'http://www.w3.org/2000/svg';

/**
 * The element of that id, which index.html has.
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return element;
}

/**
 * A new element. Children that are texts become text nodes: no text of a server, a remote cluster or a name ever becomes markup.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, string>>} attributes
 * @param {readonly (Node | string)[]} children
 */
export function make(tag, attributes = {}, children = []) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * Touches the page only when the text is another, so that a selection stays and nothing is announced twice.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * @param {Element} element
 * @param {string} name
 */
export function setClass(element, name) {
  if (element.getAttribute('class') !== name) element.setAttribute('class', name);
}

/**
 * Figures into the first cells of a row; what is nothing does not catch the eye.
 * @param {readonly Element[]} cells
 * @param {readonly string[]} values
 */
export function setNumbers(cells, values) {
  for (const [at, value] of values.entries()) {
    const cell = cells[at];
    if (!cell) continue;
    setText(cell, value);
    setClass(cell, value === '0' ? 'number zero' : 'number');
  }
}

/**
 * The sign of a mood; what it means is said in words beside it.
 * @param {Mood} mood
 */
export function icon(mood) {
  const svg = document.createElementNS(svgNamespace, 'svg');
  svg.setAttribute('class', `icon ${mood}`);
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(svgNamespace, 'use');
  use.setAttribute('href', `#icon-${mood}`);
  svg.append(use);
  return svg;
}

/**
 * A state in an icon and a word.
 * @param {Mood} mood
 * @param {string} text
 */
export function stateLabel(mood, text) {
  return make('span', { class: `state ${mood}` }, [icon(mood), ' ', text]);
}

/**
 * Replaces the children only when `signature` is another than the last time.
 * @param {Element} element
 * @param {string} signature
 * @param {() => readonly (Node | string)[]} children
 */
export function fill(element, signature, children) {
  if (/** @type {HTMLElement} */ (element).dataset['signature'] === signature) return;
  /** @type {HTMLElement} */ (element).dataset['signature'] = signature;
  element.replaceChildren(...children());
}

/**
 * Makes the children of `parent` those of the items, in their order, after those that it has of its own (a table's head). An
 * item's element stays the same one as long as it is there, with its focus and what was opened in it.
 * @template Item
 * @template {HTMLElement} Child
 * @param {HTMLElement} parent
 * @param {readonly Item[]} items
 * @param {{ key: (item: Item) => string, create: (item: Item) => Child, update: (child: Child, item: Item) => void }} how
 */
export function keyed(parent, items, { key, create, update }) {
  const children = /** @type {Child[]} */ ([...parent.children]).filter((child) => 'key' in child.dataset);
  const present = new Map(children.map((child) => [child.dataset['key'], child]));
  /** @type {Element | null} */
  let next = children[0] ?? null;
  for (const item of items) {
    const name = key(item);
    let child = present.get(name);
    present.delete(name);
    if (!child) {
      child = create(item);
      child.dataset['key'] = name;
    }
    update(child, item);
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
  for (const gone of present.values()) gone.remove();
}

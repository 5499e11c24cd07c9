const SVG = 'http://www.w3.org/2000/svg';

/**
 * An element. Text is never parsed as markup, so text of users cannot become part of the page.
 *
 * @param {string} tag
 * @param {Record<string, unknown>} properties attributes; `on…` are listeners; null, undefined and false leave it out
 * @param {...unknown} children nodes and texts, in lists of any depth; null, undefined and false are left out
 */
export const h = (tag, properties = {}, ...children) => fill(document.createElement(tag), properties, children);

/** An SVG element, created like `h`. */
export const svg = (tag, properties = {}, ...children) => fill(document.createElementNS(SVG, tag), properties, children);

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** Replaces the children of the element. */
export function show(element, ...children) {
  element.replaceChildren();
  append(element, children);
}

/** Replaces a view that could not be loaded. */
export const failure = (title, error, again) => [
  h('header', {}, h('h1', {}, title)),
  h('p', { class: 'problem', role: 'alert' }, error.message),
  h('div', { class: 'actions' }, h('button', { class: 'quiet', onclick: again }, 'Retry')),
];

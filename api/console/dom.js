/** Builds elements. Data only ever becomes text, so that nothing a citizen wrote is read as HTML. */

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 */

/**
 * @param {string} tag with classes, such as `p.soft`
 * @param {Record<string, unknown> | null} properties `on...` listens, `data...` and names with a dash are attributes
 * @param {...(Child | Child[])} children
 * @returns {HTMLElement}
 */
export function el(tag, properties = null, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties ?? {})) set(element, key, value);
  element.append(...children.flat().filter(isShown).map(written));
  return element;
}

/**
 * @param {string} id
 * @returns {any} the element of the page with this id, of whatever kind it is
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/**
 * Replace what an element holds.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter(isShown).map(written));
}

/**
 * A bar as long as a share of 1. It is for the eye alone: the number stands beside it.
 * @param {number} share
 */
export function bar(share) {
  const filled = el("span.filled");
  filled.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return el("span.bar", { "aria-hidden": "true" }, filled);
}

let made = 0;

/** @param {string} prefix */
export function freshId(prefix) {
  made += 1;
  return `${prefix}-${made}`;
}

function set(element, key, value) {
  if (value === null || value === undefined) return;
  if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
  else if (key.includes("-") || key === "role" || key === "for") element.setAttribute(key, String(value));
  else element[key] = value;
}

function isShown(child) {
  return child !== null && child !== undefined && child !== false && child !== "";
}

function written(child) {
  return child instanceof Node ? child : String(child);
}

/** Helpers for the elements of the page. */

export const byId = id => document.getElementById(id);

/** A new element with properties and children. */
export function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

export const count = (n, noun) => `${n} ${noun}${n === 1 ? '' : 's'}`;
export const seconds = ms => `${(ms / 1000).toFixed(1)} s`;
export const megabytes = bytes => `${Math.round(bytes / 2 ** 20)} MB`;

/** The hue of a worker. The hues are far apart for any number of workers. */
export function hueOf(worker) {
  return Math.round((205 + worker * 137.5) % 360);
}

const planned = new Set();

/** Call a function before the next frame; several requests cause one call. */
export function soon(draw) {
  if (!planned.has(draw)) {
    planned.add(draw);
    requestAnimationFrame(() => {
      planned.delete(draw);
      draw();
    });
  }
}

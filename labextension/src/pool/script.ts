/** Where a worker has its script from. */

/**
 * The URL of a worker's script, which in WebKit is one of its own.
 *
 * When workers start at the same time, WebKit fetches a script that they share once, and only the
 * first of them then belongs to the page's service worker: the others could not read the notebook's
 * files. Nothing but the browser's name tells of it. A script from memory is not fetched, and is not
 * concerned.
 *
 * @param url where the built `worker.js` is served
 * @param process the number of the worker's process: workers of two kernels may start at the same time
 */
export function scriptOf(url: string, process: number, browser = browsersName()): string {
  const isWebKit = browser.includes('AppleWebKit/') && !browser.includes('Chrome/');
  if (!isWebKit || url.startsWith('blob:')) {
    return url;
  }
  return `${url}${url.includes('?') ? '&' : '?'}worker=${process}`;
}

/** What the browser calls itself; empty in Node, where tests of this code run. */
function browsersName(): string {
  const { navigator } = globalThis as { navigator?: { userAgent: string } };
  return navigator?.userAgent ?? '';
}

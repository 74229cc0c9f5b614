/** Files that a pool will want, in the browser's cache before it asks. */

/** The folder of this labextension on a site. */
const NAME = 'jupyterlite-pool';

interface About {
  pool: string;
  worker: string;
  /** Where the site's build has made one. */
  snapshot?: { file: string };
}

/** Ask the browser to fetch the pool's files when it has nothing better to do. */
export function prefetch(labextensionsUrl: string): void {
  const folder = new URL(`${labextensionsUrl}/${NAME}/`, location.href);
  fetch(new URL('pool.json', folder))
    .then(async response => (await response.json()) as About)
    .then(about => {
      const snapshot = about.snapshot ? [about.snapshot.file] : [];
      for (const file of [about.pool, about.worker, ...snapshot]) {
        const link = document.createElement('link');
        link.rel = 'prefetch';
        link.href = new URL(file, folder).href;
        document.head.append(link);
      }
    })
    .catch((error: unknown) =>
      console.warn(`${NAME}: nothing was fetched ahead of need: ${error}`)
    );
}

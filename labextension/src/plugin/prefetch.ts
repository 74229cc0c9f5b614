/** Puts the files of a pool into the browser's cache before the pool needs them. */

/** The folder of this labextension on a site. */
const NAME = 'jupyterlite-pool';

interface About {
  kernel: string;
  broker: string;
  worker: string;
  /** Present if the site's build has made a snapshot. */
  snapshot?: { file: string };
}

/** Ask the browser to fetch the pool's files when it is idle. */
export function prefetch(labextensionsUrl: string): void {
  const folder = new URL(`${labextensionsUrl}/${NAME}/`, location.href);
  fetch(new URL('pool.json', folder))
    .then(async response => (await response.json()) as About)
    .then(about => {
      const snapshot = about.snapshot ? [about.snapshot.file] : [];
      for (const file of [about.kernel, about.broker, about.worker, ...snapshot]) {
        const link = document.createElement('link');
        link.rel = 'prefetch';
        link.href = new URL(file, folder).href;
        document.head.append(link);
      }
    })
    .catch((error: unknown) =>
      console.warn(`${NAME}: the files of workers could not be fetched ahead: ${error}`)
    );
}

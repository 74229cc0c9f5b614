/** The Cancel buttons of progress cards. */

/** A class of every such button, and the class that names its job. */
const BUTTON = '.jp-pool-cancel';
const JOB = /^jp-pool-cancel-([0-9a-f]{16})$/;

/**
 * Tell the broker of the pool that runs a job: it is awake while the kernel computes.
 *
 * `backends/pyodide/backend.py` lets it listen on the channel of this name.
 */
export function tellBroker(job: string): void {
  const channel = new BroadcastChannel(`jupyterlite-pool-cancel-${job}`);
  channel.postMessage(null);
  channel.close();
}

/**
 * Call `action` with the name of the job when a Cancel button is clicked.
 *
 * A kernel hears of clicks on widgets only after the running cell, so the page listens itself.
 */
export function onCancel(action: (job: string) => void): void {
  document.addEventListener(
    'click',
    ({ target }) => {
      const button = target instanceof Element ? target.closest(BUTTON) : null;
      for (const name of button?.classList ?? []) {
        const job = JOB.exec(name)?.[1];
        if (job !== undefined) {
          action(job);
        }
      }
    },
    { capture: true }
  );
}

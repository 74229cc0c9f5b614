/** The Cancel buttons of progress cards. */

/** The class of such a button, and the one that says which job it is of. */
const BUTTON = '.jp-pool-cancel';
const JOB = /^jp-pool-cancel-([0-9a-f]{16})$/;

/**
 * Call something with the job's name when a Cancel button is clicked.
 *
 * The kernel hears of a click on a widget only after the cell that runs, so the page listens itself.
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

/** Says so when a kernel does not stop, and offers to restart it. */
import type { ISessionContext } from '@jupyterlab/apputils';
import { Notification } from '@jupyterlab/apputils';

/** Milliseconds after which a kernel that goes on is stubborn. */
export const PATIENCE = 4000;

/** Why Python does not stop. */
export const IN_COMPILED_CODE =
  'Python has not stopped yet. It may be inside of one long call, such as a regular expression or a ' +
  'large array operation, and stops when that call returns. A restart stops it now; the variables ' +
  'of the notebook are lost then.';
export const CANNOT_ASK =
  'This page cannot stop Python while it computes, because it has no service worker (plain HTTP, a ' +
  'private window, or a site that has switched it off). A restart stops it; the variables of the ' +
  'notebook are lost then.';

/**
 * Call when a kernel was asked to stop; shows a notification if it is still at the same work later.
 *
 * @param reason gives the text of the notification; null if the kernel has heard the wish after all
 */
export function watchStubborn(context: ISessionContext, reason: () => string | null): void {
  const kernel = context.session?.kernel;
  if (!kernel || kernel.status !== 'busy') {
    return;
  }
  const stop = (): void => {
    clearTimeout(timer);
    kernel.statusChanged.disconnect(stop);
    kernel.disposed.disconnect(stop);
  };
  const timer = setTimeout(() => {
    stop();
    const text = reason();
    if (text !== null) {
      const callback = (): void => void context.restartKernel();
      const actions = [{ label: 'Restart Kernel', callback, displayType: 'warn' as const }];
      Notification.warning(text, { autoClose: false, actions });
    }
  }, PATIENCE);
  kernel.statusChanged.connect(stop);
  kernel.disposed.connect(stop);
}

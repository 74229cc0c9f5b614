/** Says so when a kernel does not stop, and offers to restart it. */
import type { ISessionContext } from '@jupyterlab/apputils';
import { Notification } from '@jupyterlab/apputils';

import type { Words } from '../language';

/** Milliseconds after which a kernel that goes on is stubborn. */
export const PATIENCE = 4000;

/** Why Python does not stop. JupyterLab shows the first 140 characters of a notification. */
export function inCompiledCode(trans: Words): string {
  return trans.__(
    'Python has not stopped yet. It stops when the call that runs returns. ' +
      'A restart stops it now, and loses the variables.'
  );
}

/** The same, where the page has no way to Python. */
export function cannotAsk(trans: Words): string {
  return trans.__(
    'This page has no service worker, so it cannot stop Python that computes. ' +
      'A restart stops it, and loses the variables.'
  );
}

/** The notifications that are shown, by the id of the kernel. */
const shown = new Map<string, string>();

/**
 * Call when a kernel was asked to stop; shows a notification if it is still at the same work later.
 *
 * @param reason gives the text of the notification; null if the kernel has heard the wish after all
 */
export function watchStubborn(
  context: ISessionContext,
  trans: Words,
  reason: () => string | null
): void {
  const kernel = context.session?.kernel;
  if (!kernel || kernel.status !== 'busy') {
    return;
  }
  const stop = (): void => {
    clearTimeout(timer);
    kernel.statusChanged.disconnect(stop);
    kernel.disposed.disconnect(stop);
  };
  // It is about this work alone: a restart later would hit a kernel that is well.
  const dismiss = (): void => {
    Notification.dismiss(shown.get(kernel.id));
    shown.delete(kernel.id);
    kernel.statusChanged.disconnect(dismiss);
    kernel.disposed.disconnect(dismiss);
  };
  const timer = setTimeout(() => {
    stop();
    const text = reason();
    if (text !== null && !shown.has(kernel.id)) {
      const callback = (): void => void context.restartKernel();
      const label = trans.__('Restart Kernel');
      const actions = [{ label, callback, displayType: 'warn' as const }];
      shown.set(kernel.id, Notification.warning(text, { autoClose: false, actions }));
      kernel.statusChanged.connect(dismiss);
      kernel.disposed.connect(dismiss);
    }
  }, PATIENCE);
  kernel.statusChanged.connect(stop);
  kernel.disposed.connect(stop);
}

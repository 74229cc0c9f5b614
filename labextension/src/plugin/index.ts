/** The plugins of JupyterLab. This file only wires them. */
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { IWidgetTracker } from '@jupyterlab/apputils';
import { IConsoleTracker } from '@jupyterlab/console';
import { PageConfig } from '@jupyterlab/coreutils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { Widget } from '@lumino/widgets';

import { isLite } from './application';
import { Lives } from './card/lives';
import { showCards } from './card/renderer';
import { cellsPlugin } from './cells';
import { onCancel } from './kernels/cancel';
import { PoolKernels } from './kernels/kernels';
import { labHost } from './kernels/labHost';
import { DOMAIN } from './language';
import { panelPlugin } from './panelPlugin';
import { prefetch } from './prefetch';
import { forKernel, Settings, SETTINGS_ID } from './settings';
import { PoolStates } from './state/states';
import { IKernelLives, IWorkerPools } from './tokens';

/** The plugin that shows widgets; a site may not have it. */
const WIDGETS_ID = '@jupyter-widgets/jupyterlab-manager:plugin';

/** Fetches the files of pool workers while JupyterLite is still loading; elsewhere there are none. */
const prefetchPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlite-pool:prefetch',
  description: 'Fetches the files of pool workers while JupyterLab loads.',
  autoStart: true,
  activate: () => {
    if (isLite()) {
      prefetch(PageConfig.getOption('fullLabextensionsUrl'));
    }
  }
};

/** Shows cards. It needs little, so that it is there before any notebook is opened. */
const cardsPlugin: JupyterFrontEndPlugin<IKernelLives> = {
  id: 'jupyterlite-pool:cards',
  description: 'Shows the cards of jobs as long as their kernels live.',
  autoStart: true,
  provides: IKernelLives,
  requires: [IRenderMimeRegistry],
  activate: (_, rendermime: IRenderMimeRegistry) => {
    const lives = new Lives();
    showCards(rendermime, lives);
    return lives;
  }
};

/** Lets each new kernel start its pool, and sends words to kernels. */
const kernelsPlugin: JupyterFrontEndPlugin<IWorkerPools> = {
  id: SETTINGS_ID,
  description: 'Starts pools ahead of need, and stops their jobs.',
  autoStart: true,
  provides: IWorkerPools,
  // An application may have none of these.
  optional: [ISettingRegistry, ITranslator, INotebookTracker, IConsoleTracker, IKernelLives],
  activate: async (
    app,
    registry: ISettingRegistry | null,
    translator: ITranslator | null,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    lives: IKernelLives | null
  ) => {
    const widgets = app.hasPlugin(WIDGETS_ID);
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const settings = new Settings(registry, trans, isLite());
    const lite = isLite() ? await (await import('./lite')).Lite.of(app, trans) : null;
    const kernels = new PoolKernels(
      async () => forKernel(await settings.current, widgets),
      lite?.host ?? labHost()
    );
    settings.changed.connect((_, now) => {
      kernels.sendSettings(forKernel(now, widgets));
    });
    const states = new PoolStates(kernels, () => document.visibilityState === 'visible', trans);
    document.addEventListener('visibilitychange', () => states.lookAgain());
    kernels.met.connect((_, connection) => states.connect(connection));
    kernels.heard.connect((_, kernel) => states.listens(kernel));
    kernels.met.connect((_, connection) => lives?.connect(connection));
    kernels.heard.connect((_, kernel) => lives?.begins(kernel, kernels.lifeOf(kernel)));
    eachOf(notebooks, widget => kernels.watch(widget));
    eachOf(consoles, widget => kernels.watch(widget));
    // Every kernel hears of it, and the kernel that knows the job cancels it.
    onCancel(job => {
      kernels.sendAll({ type: 'cancel', job });
      lite?.tellBroker(job);
    });
    lite?.follow(kernels, settings, kernel => {
      kernels.forget(kernel);
      states.forget(kernel);
      lives?.ends(kernel);
    });
    return { kernels, settings, states };
  }
};

/** Do something with each part of the page that a tracker knows, and with each that comes. */
function eachOf<T extends Widget>(
  tracker: IWidgetTracker<T> | null,
  action: (widget: T) => void
): void {
  tracker?.forEach(action);
  tracker?.widgetAdded.connect((_, widget) => action(widget));
}

export default [prefetchPlugin, cardsPlugin, kernelsPlugin, cellsPlugin, panelPlugin];

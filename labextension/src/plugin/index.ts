/** The JupyterLab plugins; this file only wires them. */
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { PageConfig } from '@jupyterlab/coreutils';

import { prefetch } from './prefetch';

/** Fetches what a pool's workers are made of while the application is still loading. */
const prefetchPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlite-pool:prefetch',
  description: 'Fetches the files of pool workers while JupyterLab loads.',
  autoStart: true,
  activate: () => {
    prefetch(PageConfig.getOption('fullLabextensionsUrl'));
  }
};

export default [prefetchPlugin];

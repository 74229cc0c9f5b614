/** The plugin that runs cells of a notebook on workers. */
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { DOMAIN } from '../language';
import { addCommands, COMMANDS } from './commands';

/** The menus, the context menu and the toolbar of cells are in the schema of this plugin. */
export const cellsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlite-pool:cells',
  description: 'Runs cells of a notebook on workers.',
  autoStart: true,
  // An application may have none of these.
  optional: [INotebookTracker, ICommandPalette, ITranslator],
  activate: (
    app,
    notebooks: INotebookTracker | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    if (notebooks === null) {
      return;
    }
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    addCommands(app, notebooks, trans);
    const category = trans.__('Worker Pool');
    for (const command of Object.values(COMMANDS)) {
      palette?.addItem({ command, category });
    }
  }
};

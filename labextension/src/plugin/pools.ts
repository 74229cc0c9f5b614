/** The plugin of all that people see of the pools: status item, panel and commands. */
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IConsoleTracker } from '@jupyterlab/console';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { PoolActions } from './commands/actions';
import { addCommands, type Scene } from './commands/commands';
import { Focus } from './focus';
import { type Content, PoolSidebar, SIDEBAR_ID } from './panel/sidebar';
import { PoolView } from './state/view';
import { PoolStatus } from './status/item';
import { IWorkerPools } from './tokens';

/** Seconds between two states that the status item and the panel are told. */
const STATUS_EVERY = 0.5;
const PANEL_EVERY = 0.1;

/** Shows the pools in the page. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlite-pool:panel',
  description: 'Shows worker pools and their jobs.',
  autoStart: true,
  requires: [IWorkerPools],
  // An application may have none of these.
  optional: [
    ITranslator,
    INotebookTracker,
    IConsoleTracker,
    ICommandPalette,
    IStatusBar,
    ILayoutRestorer
  ],
  activate: (
    app,
    { states, settings }: IWorkerPools,
    translator: ITranslator | null,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    palette: ICommandPalette | null,
    statusBar: IStatusBar | null,
    restorer: ILayoutRestorer | null
  ) => {
    const language = translator ?? nullTranslator;
    const trans = language.load('jupyterlite_pool');
    const trackers = [notebooks, consoles].filter(tracker => tracker !== null);
    const focus = new Focus(app.shell, trackers);
    const actions = new PoolActions(states, trans);
    const view = new PoolView(states, focus, PANEL_EVERY, true);
    const load = async (): Promise<Content> => {
      const { PoolContent } = await import('./panel/content');
      return new PoolContent({ view, actions, trans }, app.commands, language);
    };
    const sidebar = hasSidebar(app) ? new PoolSidebar(view, load, trans) : null;
    if (sidebar !== null) {
      app.shell.add(sidebar, 'right', { rank: 700 });
      restorer?.add(sidebar, SIDEBAR_ID);
    }
    const open = sidebar === null ? null : (): void => app.shell.activateById(SIDEBAR_ID);
    const scene: Scene = { view, actions, open };
    addCommands(app.commands, palette, scene, trans);
    if (statusBar !== null) {
      const item = new PoolStatus(
        new PoolView(states, focus, STATUS_EVERY, false),
        () => open?.(),
        trans
      );
      statusBar.registerStatusItem('jupyterlite-pool:status', {
        item,
        align: 'left',
        rank: 10,
        isActive: () => item.isActive,
        activeStateChanged: item.activeChanged
      });
      void settings.current.then(({ showStatusItem }) => item.setShown(showStatusItem));
      settings.changed.connect((_, { showStatusItem }) => item.setShown(showStatusItem));
    }
  }
};

/** Whether the application has a place for panels; a REPL has none. */
function hasSidebar(app: JupyterFrontEnd): boolean {
  return 'expandRight' in app.shell;
}

/** The plugin of all that people see of the pools: status item, panel and commands. */
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, type IWidgetTracker } from '@jupyterlab/apputils';
import { IConsoleTracker } from '@jupyterlab/console';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';

import { PoolActions } from './commands/actions';
import { addCommands, type Scene } from './commands/commands';
import { Focus, type HasKernel } from './focus';
import type { PoolKernels } from './kernels/kernels';
import { DOMAIN } from './language';
import { type Content, PoolSidebar, type Section, SIDEBAR_ID } from './panel/sidebar';
import { type Page, PoolsSection } from './running/section';
import type { Settings } from './settings';
import type { PoolStates } from './state/states';
import { poolName } from './state/texts';
import { PoolView } from './state/view';
import { PoolStatus } from './status/item';
import type { Kernel } from './timeline/section';
import { IWorkerPools } from './tokens';

/** Seconds between two states that the status item and the panel are told. */
const STATUS_EVERY = 0.5;
const PANEL_EVERY = 0.1;

/** JupyterLab's panel of what runs. */
const RUNNING_ID = 'jp-running-sessions';

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
    { kernels, states, settings }: IWorkerPools,
    translator: ITranslator | null,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    palette: ICommandPalette | null,
    statusBar: IStatusBar | null,
    restorer: ILayoutRestorer | null
  ) => {
    const language = translator ?? nullTranslator;
    const trans = language.load(DOMAIN);
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
    sidebar?.addSection(() => timelineOf(view, states, trans));
    const open = sidebar === null ? null : (): void => app.shell.activateById(SIDEBAR_ID);
    const scene: Scene = { view, actions, open };
    addCommands(app.commands, palette, scene, trans);
    if (sidebar !== null) {
      const section = new PoolsSection(states, actions, pageOf(app, kernels, trackers), trans);
      void addSection(app, section);
    }
    if (statusBar !== null) {
      const looks = new PoolView(states, focus, STATUS_EVERY, false);
      addStatusItem(statusBar, new PoolStatus(looks, () => open?.(), trans), settings);
    }
  }
};

/** Add the status item, as long as the settings want it. */
function addStatusItem(statusBar: IStatusBar, item: PoolStatus, settings: Settings): void {
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

/** Add the section to JupyterLab's panel of what runs; not every application has the package. */
async function addSection(app: JupyterFrontEnd, section: PoolsSection): Promise<void> {
  try {
    const { IRunningSessionManagers } = await import('@jupyterlab/running');
    (await app.resolveOptionalService(IRunningSessionManagers))?.add(section);
  } catch {
    // There is no such panel.
  }
}

/** The page, as the section of JupyterLab's panel of what runs needs it. */
function pageOf(
  { shell }: JupyterFrontEnd,
  kernels: PoolKernels,
  trackers: readonly IWidgetTracker<HasKernel>[]
): Page {
  return {
    kernels: () => kernels.ids(),
    nameOf: kernel => kernels.contextOf(kernel)?.name ?? '',
    show: kernel => {
      const context = kernels.contextOf(kernel);
      const found = trackers.map(each => each.find(part => part.sessionContext === context));
      const part = found.find(each => each !== undefined);
      if (part !== undefined) {
        shell.activateById(part.id);
      }
    },
    isSeen: () =>
      ['left', 'right'].some(area =>
        [...shell.widgets(area)].some(({ id, isVisible }) => id === RUNNING_ID && isVisible)
      )
  };
}

/** The panel's section with the timeline. */
async function timelineOf(
  view: PoolView,
  states: PoolStates,
  trans: TranslationBundle
): Promise<Section> {
  const { TimelineSection } = await import('./timeline/section');
  const widget = new TimelineSection(timelineKernel(view, states, trans), trans);
  view.changed.connect(() => widget.follow());
  return { title: trans.__('Timeline'), widget };
}

/** The kernel that the panel looks at, as its timeline knows it. */
function timelineKernel(view: PoolView, states: PoolStates, trans: TranslationBundle): Kernel {
  return {
    get id() {
      return view.kernel;
    },
    get pools() {
      const pools = view.told?.state.pools ?? [];
      return pools.map(pool => ({ id: pool.id, name: poolName(pool, trans) }));
    },
    ask: async (what, fields) => {
      const { kernel } = view;
      if (kernel === null) {
        throw new Error(trans.__('There is no kernel.'));
      }
      const { value, error } = await states.ask(kernel, what, fields);
      if (error !== undefined) {
        throw new Error(error);
      }
      return value;
    }
  };
}

/** Whether the application has a place for panels; a REPL has none. */
function hasSidebar(app: JupyterFrontEnd): boolean {
  return 'expandRight' in app.shell;
}

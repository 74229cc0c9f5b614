/** The commands that run cells of a notebook on workers. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { type ISessionContext, Notification } from '@jupyterlab/apputils';
import { CodeCell } from '@jupyterlab/cells';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import { randomId } from '../../pool/randomId';
import { backgroundIcon, parallelIcon } from './icons';
import { forget, planRun } from './kernel';
import { type Mark, MARK } from './plan';
import { type Ended, ParallelRun } from './run';

export const COMMANDS = {
  background: 'jupyterlite-pool:run-cell-in-background',
  selected: 'jupyterlite-pool:run-selected-cells-in-parallel',
  all: 'jupyterlite-pool:run-all-cells-in-parallel'
};

/** JupyterLab shows only notifications that say how long. */
const SHOWN = { autoClose: 15_000 } as const;

/** The kernels that are known to have a pool that can run cells. */
const able = new WeakSet<Kernel.IKernelConnection>();

export function addCommands(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker,
  trans: TranslationBundle
): void {
  const cell = (): CodeCell | null => {
    const { activeCell } = notebooks;
    return activeCell instanceof CodeCell ? activeCell : null;
  };
  const selected = (panel: NotebookPanel): CodeCell[] =>
    panel.content.widgets.filter(
      (each): each is CodeCell => each instanceof CodeCell && panel.content.isSelectedOrActive(each)
    );
  const all = (panel: NotebookPanel): CodeCell[] =>
    panel.content.widgets.filter((each): each is CodeCell => each instanceof CodeCell);
  app.commands.addCommand(COMMANDS.background, {
    label: trans.__('Run Cell in Background'),
    caption: trans.__('Run Cell in Background: on a worker, beside other cells'),
    icon: backgroundIcon,
    isEnabled: () => cell() !== null,
    isVisible: () => cell() !== null,
    execute: async () => {
      const [panel, active] = [notebooks.currentWidget, cell()];
      if (panel !== null && active !== null) {
        await runInBackground(panel, active, trans);
      }
    }
  });
  const add = (
    id: string,
    label: string,
    caption: string,
    cells: (panel: NotebookPanel) => CodeCell[]
  ): void => {
    app.commands.addCommand(id, {
      label,
      caption,
      icon: parallelIcon,
      isEnabled: () => notebooks.currentWidget !== null,
      execute: async () => {
        const panel = notebooks.currentWidget;
        if (panel !== null) {
          await runInParallel(panel, cells(panel), trans);
        }
      }
    });
  };
  const caption = trans.__('Run cells that do not depend on each other at the same time');
  add(COMMANDS.selected, trans.__('Run Selected Cells in Parallel'), caption, selected);
  add(COMMANDS.all, trans.__('Run All Cells in Parallel'), caption, all);
  notebooks.activeCellChanged.connect(() => {
    app.commands.notifyCommandChanged(COMMANDS.background);
  });
}

async function runInBackground(
  panel: NotebookPanel,
  cell: CodeCell,
  trans: TranslationBundle
): Promise<void> {
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel) {
    return;
  }
  if (!able.has(kernel)) {
    const run = randomId();
    const plan = await planRun(kernel, run, [], () => undefined);
    forget(run);
    if (plan === null) {
      tellUnable(trans);
      return;
    }
    remember(kernel);
  }
  await execute(panel, cell, { run: 'background' });
}

async function runInParallel(
  panel: NotebookPanel,
  chosen: CodeCell[],
  trans: TranslationBundle
): Promise<void> {
  const { sessionContext } = panel;
  const kernel = sessionContext.session?.kernel;
  const cells = chosen.filter(cell => textOf(cell).trim() !== '');
  if (!kernel || cells.length === 0) {
    return;
  }
  const name = randomId();
  const sources = cells.map(textOf);
  cells.forEach(cell => (cell.model.executionState = 'running')); // as cells that wait in line
  let run: ParallelRun | null = null;
  try {
    const plan = await planRun(kernel, name, sources, news => run?.hear(news));
    if (plan?.plan.length !== cells.length) {
      tellUnable(trans);
      return;
    }
    remember(kernel);
    run = new ParallelRun(plan.plan, async (place, here, why) => {
      const cell = cells[place];
      // What the plan knows of a cell is what it was.
      const same = cell !== undefined && !cell.isDisposed && textOf(cell) === sources[place];
      return same && (await execute(panel, cell, { run: name, place, here, why }));
    });
    tell(await untilEnd(run, sessionContext), cells.length, trans);
  } finally {
    forget(name);
    for (const cell of cells) {
      if (!cell.isDisposed && cell.model.executionState === 'running') {
        cell.model.executionState = 'idle';
      }
    }
  }
}

/** Run until all has ended, or until the kernel is gone. */
async function untilEnd(run: ParallelRun, context: ISessionContext): Promise<Ended> {
  const abandon = (): void => run.abandon();
  const onStatus = (_: unknown, status: Kernel.Status): void => {
    if (['restarting', 'autorestarting', 'terminating', 'dead'].includes(status)) {
      run.abandon();
    }
  };
  context.statusChanged.connect(onStatus);
  context.kernelChanged.connect(abandon);
  context.disposed.connect(abandon);
  run.go();
  try {
    return await run.ended;
  } finally {
    context.statusChanged.disconnect(onStatus);
    context.kernelChanged.disconnect(abandon);
    context.disposed.disconnect(abandon);
  }
}

/** Run a cell as JupyterLab does, with a mark; tells whether it has ended well. */
async function execute(panel: NotebookPanel, cell: CodeCell, mark: Mark): Promise<boolean> {
  const { recordTiming } = panel.content.notebookConfig;
  const metadata = { recordTiming, [MARK]: { ...mark } };
  try {
    const reply = await CodeCell.execute(cell, panel.sessionContext, metadata);
    return !reply || reply.content.status === 'ok';
  } catch {
    return false; // the cell was closed, or runs again
  }
}

function textOf(cell: CodeCell): string {
  return cell.model.sharedModel.getSource();
}

/** The kernel has a pool; it will have none when it was restarted. */
function remember(kernel: Kernel.IKernelConnection): void {
  if (!able.has(kernel)) {
    able.add(kernel);
    const onStatus = (_: unknown, status: Kernel.Status): void => {
      if (['restarting', 'autorestarting', 'dead'].includes(status)) {
        able.delete(kernel);
        kernel.statusChanged.disconnect(onStatus);
      }
    };
    kernel.statusChanged.connect(onStatus);
  }
}

function tellUnable(trans: TranslationBundle): void {
  Notification.error(
    trans.__('This kernel cannot run cells on workers. Run %pip install jupyterlite-pool first.'),
    SHOWN
  );
}

function tell({ failed, notRun }: Ended, count: number, trans: TranslationBundle): void {
  if (failed !== null && notRun.length > 0) {
    Notification.warning(
      trans._n(
        'A cell failed, so one cell after it did not run.',
        'A cell failed, so %1 cells after it did not run.',
        notRun.length
      ),
      SHOWN
    );
  } else if (notRun.length > 0) {
    Notification.warning(trans.__('%1 of %2 cells did not run.', notRun.length, count), SHOWN);
  }
}

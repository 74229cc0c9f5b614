/** The commands of the palette and of the menus. */
import type { CommandRegistry } from '@lumino/commands';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon, stopIcon } from '@jupyterlab/ui-components';

import type { PoolState } from '../state/data';
import type { PoolView } from '../state/view';
import type { PoolActions } from './actions';
import { poolIcon } from '../icon';

export const COMMANDS = {
  open: 'jupyterlite-pool:open-panel',
  scale: 'jupyterlite-pool:scale',
  restart: 'jupyterlite-pool:restart',
  cancelAll: 'jupyterlite-pool:cancel-all'
} as const;

/** What the commands act on. */
export interface Scene {
  readonly view: PoolView;
  readonly actions: PoolActions;
  /** Opens the panel; null where the application has no place for it. */
  readonly open: (() => void) | null;
}

/** Add the commands, and list them in the palette. */
export function addCommands(
  commands: CommandRegistry,
  palette: ICommandPalette | null,
  scene: Scene,
  trans: TranslationBundle
): void {
  const { view, actions, open } = scene;
  const pool = (): PoolState | null => view.told?.state.pools[0] ?? null;
  const onPool =
    (act: (kernel: string, pool: PoolState) => Promise<void>) => async (): Promise<void> => {
      const [kernel, first] = [view.kernel, pool()];
      if (kernel !== null && first !== null) {
        await act(kernel, first);
      }
    };
  commands.addCommand(COMMANDS.open, {
    label: trans.__('Open Worker Pool Panel'),
    caption: trans.__('Show the workers of the notebook and their jobs'),
    icon: poolIcon,
    isVisible: () => open !== null,
    execute: () => open?.()
  });
  commands.addCommand(COMMANDS.scale, {
    label: trans.__('Scale Worker Pool…'),
    caption: trans.__('Choose how many workers the pool has'),
    isEnabled: () => pool() !== null,
    execute: onPool((kernel, first) => actions.scale(kernel, first))
  });
  commands.addCommand(COMMANDS.restart, {
    label: trans.__('Restart Worker Pool'),
    caption: trans.__('Stop all workers of the pool and start new ones'),
    icon: refreshIcon,
    isEnabled: () => pool() !== null,
    execute: onPool((kernel, first) => actions.restart(kernel, first))
  });
  commands.addCommand(COMMANDS.cancelAll, {
    label: trans.__('Cancel All Jobs'),
    caption: trans.__('Cancel all jobs and calls of the notebook’s pools'),
    icon: stopIcon,
    isEnabled: () => view.told?.state.jobs.some(job => job.active) ?? false,
    execute: async () => {
      if (view.kernel !== null) {
        await actions.cancelAll(view.kernel);
      }
    }
  });
  view.changed.connect(() => commands.notifyCommandChanged());
  for (const command of Object.values(COMMANDS)) {
    palette?.addItem({ command, category: trans.__('Worker Pool') });
  }
}

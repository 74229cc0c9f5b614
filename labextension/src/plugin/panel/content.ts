/** What the panel shows: a headline, buttons, and sections that can be folded. */
import { CommandToolbarButton, SidePanel } from '@jupyterlab/ui-components';
import type { ITranslator } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import { COMMANDS } from '../commands/commands';
import { Headline } from './headline';
import { Jobs } from './jobs';
import type { Parts } from './part';
import type { Content, Section } from './sidebar';
import { Workers } from './workers';

export class PoolContent extends SidePanel implements Content {
  constructor(parts: Parts, commands: CommandRegistry, translator: ITranslator) {
    super({ translator });
    const { view, trans } = parts;
    this.addClass('jp-pool-panel');
    this.header.addWidget(new Headline(parts));
    for (const [name, id, label] of [
      ['cancel-all', COMMANDS.cancelAll, trans.__('Cancel all')],
      ['restart', COMMANDS.restart, trans.__('Restart')],
      ['scale', COMMANDS.scale, trans.__('Scale…')]
    ] as const) {
      this.toolbar.addItem(name, new CommandToolbarButton({ commands, id, label }));
    }
    this.addSection({ title: trans.__('Workers'), widget: new Workers(parts) });
    this.addSection({ title: trans.__('Jobs'), widget: new Jobs(parts) });
    const follow = (): void => {
      const empty = (view.told?.state.pools.length ?? 0) === 0;
      this.toolbar.setHidden(empty);
      this.content.setHidden(empty);
    };
    view.changed.connect(follow);
    follow();
  }

  addSection({ title, widget }: Section): void {
    widget.title.label = title;
    this.addWidget(widget);
  }
}

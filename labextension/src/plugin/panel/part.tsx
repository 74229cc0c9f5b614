/** A part of the panel that is drawn anew when there is news. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';

import type { PoolActions } from '../commands/actions';
import type { PoolView } from '../state/view';

/** What the parts of the panel need. */
export interface Parts {
  readonly view: PoolView;
  readonly actions: PoolActions;
  readonly trans: TranslationBundle;
}

export abstract class Part extends ReactWidget {
  constructor(protected readonly parts: Parts) {
    super();
    parts.view.changed.connect(this.follow);
  }

  override dispose(): void {
    this.parts.view.changed.disconnect(this.follow);
    super.dispose();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.update(); // what came meanwhile was not drawn
  }

  private readonly follow = (): void => {
    if (this.isVisible) {
      this.update();
    }
  };
}

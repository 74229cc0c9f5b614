/** The place of the panel in the sidebar. What it shows is loaded when it is first opened. */
import type { Message } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';
import type { TranslationBundle } from '@jupyterlab/translation';

import { poolIcon } from '../icon';
import type { PoolView } from '../state/view';

/** A part of the panel that can be folded. */
export interface Section {
  readonly title: string;
  readonly widget: Widget;
}

/** What the panel shows, with a place for the sections of others. */
export interface Content extends Widget {
  addSection(section: Section): void;
}

export const SIDEBAR_ID = 'jupyterlite-pool-panel';

export class PoolSidebar extends Panel {
  private content: Promise<Content> | null = null;
  /** Says that the content could not be loaded. */
  private trouble: Widget | null = null;
  /** Sections that wait for the content. */
  private readonly sections: (() => Promise<Section>)[] = [];

  /** @param load loads and makes the content */
  constructor(
    private readonly view: PoolView,
    private readonly load: () => Promise<Content>,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.id = SIDEBAR_ID;
    this.addClass('jp-pool-sidebar');
    this.title.icon = poolIcon;
    this.title.caption = trans.__('Worker Pool');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Worker Pool'));
  }

  /** Show a section of somebody else below the others; it is made when the panel is first opened. */
  addSection(make: () => Promise<Section>): void {
    this.sections.push(make);
    if (this.content !== null) {
      void this.fill(this.content, [make]);
    }
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.view.setActive(true);
    if (this.content === null) {
      this.content = this.load();
      void this.fill(this.content, [...this.sections]);
    }
  }

  protected override onAfterHide(message: Message): void {
    this.view.setActive(false);
    super.onAfterHide(message);
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      this.onAfterShow(message);
    }
  }

  private async fill(
    content: Promise<Content>,
    sections: readonly (() => Promise<Section>)[]
  ): Promise<void> {
    let shown: Content;
    try {
      shown = await content;
    } catch (error) {
      console.error('jupyterlite-pool: the panel could not be loaded', error);
      this.content = null; // the next time that the panel is opened, it is tried again
      this.setTrouble(this.trans.__('The panel could not be loaded.'));
      return;
    }
    this.setTrouble('');
    if (shown.parent === null) {
      this.addWidget(shown);
    }
    for (const make of sections) {
      try {
        shown.addSection(await make());
      } catch (error) {
        console.error('jupyterlite-pool: a part of the panel could not be loaded', error);
      }
    }
  }

  private setTrouble(text: string): void {
    this.trouble?.dispose();
    this.trouble = null;
    if (text) {
      this.trouble = new Widget();
      this.trouble.node.textContent = text;
      this.addWidget(this.trouble);
    }
  }
}

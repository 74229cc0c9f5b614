/**
 * Shows the card of a job: its widget while its kernel lives, and what was saved of it afterwards.
 *
 * An output cannot know whether the kernel that made it is still there. The page can. So no notebook
 * that is opened again, and no page whose kernel has restarted, has a card that says that it runs.
 */
import type { IRenderMime, IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Panel, Widget } from '@lumino/widgets';

import type { Lives } from './lives';

/** The kind of output that tells of a card; `jupyterlite_pool/notebook/card.py` has it, too. */
export const CARD = 'application/vnd.jupyterlite-pool.card+json';

/** The two forms of a card. */
const WIDGET = 'application/vnd.jupyter.widget-view+json';
const HTML = 'text/html';

/** Of the forms of an output, the page shows the one of the lowest rank. */
const BEFORE_ALL = -10;

/** Let a part of the page show cards. */
export function showCards(rendermime: IRenderMimeRegistry, lives: Lives): void {
  const factory: IRenderMime.IRendererFactory = {
    safe: true, // the forms are shown as they are anywhere
    mimeTypes: [CARD],
    createRenderer: () => new CardRenderer(rendermime, lives)
  };
  rendermime.addFactory(factory, BEFORE_ALL);
}

/** One card. */
export class CardRenderer extends Panel implements IRenderMime.IRenderer {
  private model: IRenderMime.IMimeModel | null = null;
  /** What is shown: the widget by its model, or the HTML itself. */
  private shown: string | null = null;
  /** Whether a widget is shown. */
  private moves = false;
  /** For screen readers: how a card ended that moved before. */
  private readonly news = new Widget();

  constructor(
    private readonly rendermime: IRenderMimeRegistry,
    private readonly lives: Lives
  ) {
    super();
    this.addClass('jp-pool-output');
    this.news.addClass('jp-pool-news');
    this.news.node.setAttribute('role', 'status');
    this.addWidget(this.news);
    lives.changed.connect(this.look);
  }

  override dispose(): void {
    this.lives.changed.disconnect(this.look);
    super.dispose();
  }

  /** Show what an output has now. */
  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.model = model;
    await this.draw(model);
  }

  private readonly look = (): void => {
    if (this.model !== null) {
      void this.draw(this.model);
    }
  };

  private async draw(model: IRenderMime.IMimeModel): Promise<void> {
    const form = this.isAlive(model) ? WIDGET : HTML;
    const shown = JSON.stringify(model.data[form] ?? '');
    if (shown === this.shown) {
      return;
    }
    this.shown = shown;
    const renderer = this.rendermime.createRenderer(form);
    await renderer.renderModel(model);
    if (this.isDisposed || this.shown !== shown) {
      renderer.dispose(); // another form came meanwhile
      return;
    }
    const { activeElement } = document;
    const hadFocus = this.node.contains(activeElement);
    const wasOpen = this.node.querySelector('details[open]') !== null;
    for (const old of this.widgets.filter(each => each !== this.news)) {
      old.dispose();
    }
    this.insertWidget(0, renderer);
    if (this.moves) {
      this.news.node.textContent = tidingsOf(model).news;
    }
    this.moves = form === WIDGET;
    if (wasOpen) {
      renderer.node.querySelector('details')?.setAttribute('open', '');
    }
    if (hadFocus) {
      this.node.tabIndex = -1; // takes the focus of a button that goes
      this.node.focus({ preventScroll: true });
    }
  }

  /** Whether there is a widget, and the kernel that draws it. */
  private isAlive({ data }: IRenderMime.IMimeModel): boolean {
    const { life } = tidingsOf({ data });
    return WIDGET in data && this.lives.has(life) && !!this.rendermime.getFactory(WIDGET);
  }
}

/** What an output tells of its card: the life of its kernel, and what is to be said of its end. */
function tidingsOf({ data }: Pick<IRenderMime.IMimeModel, 'data'>): { life: string; news: string } {
  const { life, news } = data[CARD] as Record<string, unknown>;
  return {
    life: typeof life === 'string' ? life : '',
    news: typeof news === 'string' ? news : ''
  };
}

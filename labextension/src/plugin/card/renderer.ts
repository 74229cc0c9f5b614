/**
 * Shows the card of a job: its widget while its kernel lives, and what was saved of it afterwards.
 *
 * An output cannot know whether the kernel that made it is still there. The page can. So no notebook
 * that is opened again, and no page whose kernel has restarted, has a card that says that it runs.
 */
import type { IRenderMime, IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { Message } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';

import type { Lives } from './lives';

/** The kind of output that tells of a card; `jupyterlite_pool/notebook/card.py` has it, too. */
export const CARD = 'application/vnd.jupyterlite-pool.card+json';

/** The two forms of a card. */
const WIDGET = 'application/vnd.jupyter.widget-view+json';
const HTML = 'text/html';

/** Milliseconds between two looks for what draws the widgets of a notebook, and how many looks to take. */
const LOOK_AGAIN = 100;
const MOST_LOOKS = 600;

/** Of the forms of an output, the page shows the one of the lowest rank. */
const BEFORE_ALL = -10;

/** Let the page show cards: this must be before any part of it shows outputs. */
export function showCards(rendermime: IRenderMimeRegistry, lives: Lives): void {
  const factory: IRenderMime.IRendererFactory = {
    safe: true, // the forms are shown as they are anywhere
    mimeTypes: [CARD],
    createRenderer: () => new CardRenderer(lives)
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

  constructor(private readonly lives: Lives) {
    super();
    this.addClass('jp-pool-output');
    this.news.addClass('jp-pool-news');
    this.news.node.setAttribute('role', 'status');
    this.addWidget(this.news);
    lives.changed.connect(this.hear);
  }

  override dispose(): void {
    this.lives.changed.disconnect(this.hear);
    super.dispose();
  }

  /** Show what an output has now, as soon as this is part of the page. */
  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.model = model;
    return this.look();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    void this.look();
  }

  private readonly hear = (): void => void this.look();

  private async look(): Promise<void> {
    const rendermime = rendermimeOf(this);
    if (this.model !== null && rendermime !== null) {
      await this.draw(this.model, rendermime);
    }
  }

  private async draw(
    model: IRenderMime.IMimeModel,
    rendermime: IRenderMimeRegistry
  ): Promise<void> {
    const form = this.isAlive(model, rendermime) ? WIDGET : HTML;
    const shown = JSON.stringify(model.data[form] ?? '');
    if (shown === this.shown) {
      return;
    }
    this.shown = shown;
    const isWanted = () => !this.isDisposed && this.shown === shown;
    const renderer = await this.rendererOf(form, model, rendermime, isWanted);
    if (!isWanted()) {
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

  /**
   * Returns the renderer that has drawn a form.
   *
   * In a notebook that is opened again, the renderer of widgets arrives a moment later than the outputs. A
   * widget that was to be drawn before that never appears, unless it is an output itself. So it is drawn
   * again when that renderer has come.
   */
  private async rendererOf(
    form: string,
    model: IRenderMime.IMimeModel,
    rendermime: IRenderMimeRegistry,
    isWanted: () => boolean
  ): Promise<IRenderMime.IRenderer> {
    for (;;) {
      const factory = rendermime.getFactory(form);
      const renderer = rendermime.createRenderer(form);
      const done = { drawn: false };
      const drawing = renderer.renderModel(model).then(() => {
        done.drawn = true;
      });
      await Promise.race([drawing, after(LOOK_AGAIN)]);
      const isNew = () => (rendermime.getFactory(form) ?? factory) !== factory;
      for (let looks = 0; !done.drawn && isWanted() && !isNew() && looks < MOST_LOOKS; looks++) {
        await after(LOOK_AGAIN);
      }
      if (done.drawn || !isWanted() || !isNew()) {
        return renderer;
      }
      renderer.dispose();
    }
  }

  /** Whether there is a widget, and the kernel that draws it. */
  private isAlive({ data }: IRenderMime.IMimeModel, rendermime: IRenderMimeRegistry): boolean {
    const { life } = tidingsOf({ data });
    return WIDGET in data && this.lives.has(life) && !!rendermime.getFactory(WIDGET);
  }
}

/** Resolves after this many milliseconds. */
function after(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}

/** What shows outputs where a widget is: each notebook has its own, with its own widgets. */
function rendermimeOf(widget: Widget): IRenderMimeRegistry | null {
  for (let each = widget.parent; each !== null; each = each.parent) {
    if ('rendermime' in each) {
      return each.rendermime as IRenderMimeRegistry;
    }
  }
  return null;
}

/** What an output tells of its card: the life of its kernel, and what is to be said of its end. */
function tidingsOf({ data }: Pick<IRenderMime.IMimeModel, 'data'>): { life: string; news: string } {
  const { life, news } = data[CARD] as Record<string, unknown>;
  return {
    life: typeof life === 'string' ? life : '',
    news: typeof news === 'string' ? news : ''
  };
}

/** What is known of one item, and a button that runs it again. */
import type { Bar, Details } from './data';
import { barText, type Words } from './texts';

/** Makes an element with a class and a text. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name = '',
  text = ''
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
}

/** A button with a text, and a name where the text alone says too little. */
export function button(text: string, act: () => void, name = ''): HTMLButtonElement {
  const made = element('button', 'jp-pool-button', text);
  made.type = 'button';
  if (name !== '') {
    made.setAttribute('aria-label', name);
    made.title = name;
  }
  made.addEventListener('click', act);
  return made;
}

export class DetailsView {
  readonly node = element('section', 'jp-pool-details');
  /** The bar whose details are shown. */
  private bar: Bar | null = null;

  constructor(
    private readonly trans: Words,
    private readonly closed: () => void
  ) {
    this.node.hidden = true;
    this.node.setAttribute('aria-label', trans.__('Details of the item'));
    this.node.addEventListener('keydown', event => {
      if (event.key === 'Escape') {
        event.stopPropagation();
        this.close();
      }
    });
  }

  /** Show what is known of a bar, and ask for the rest. */
  async open(
    bar: Bar,
    ask: (() => Promise<Details>) | null,
    retry: () => Promise<string>
  ): Promise<void> {
    const { node, trans } = this;
    this.bar = bar;
    node.hidden = false;
    const head = element('div', 'jp-pool-head');
    const close = button('×', () => this.close(), trans.__('Close the details'));
    head.append(element('b', '', barText(bar, trans)), close);
    node.replaceChildren(head);
    if (ask === null) {
      return;
    }
    const wait = element('p', 'jp-pool-hint', trans.__('The kernel is asked…'));
    node.append(wait);
    let rest: Node[];
    try {
      rest = this.rest(await ask(), retry);
    } catch (error) {
      rest = [element('p', 'jp-pool-hint', trans.__('The kernel did not answer: %1', `${error}`))];
    }
    if (this.bar === bar) {
      wait.replaceWith(...rest);
    }
  }

  close(): void {
    if (!this.node.hidden) {
      this.node.hidden = true;
      this.bar = null;
      this.closed();
    }
  }

  private rest(details: Details, retry: () => Promise<string>): Node[] {
    const { trans } = this;
    if (!details.known) {
      return [element('p', 'jp-pool-hint', trans.__('Nothing more is kept of this item.'))];
    }
    const list = element('dl');
    const say = (term: string, ...text: Node[]): void => {
      const said = element('dd');
      said.append(...text);
      list.append(element('dt', '', term), said);
    };
    const hint = trans.__(
      'Arguments are kept only for items that run, have failed or were cancelled.'
    );
    say(
      trans.__('Arguments'),
      details.arguments === null
        ? element('span', 'jp-pool-hint', hint)
        : element('code', '', details.arguments)
    );
    if (details.output !== '') {
      say(trans.__('Output'), block(details.output));
    }
    if (details.error !== null) {
      say(trans.__('Error'), block(details.error));
    }
    return details.retry ? [list, this.retryButton(retry)] : [list];
  }

  private retryButton(retry: () => Promise<string>): HTMLElement {
    const { trans } = this;
    const line = element('p');
    const told = element('span', 'jp-pool-hint');
    told.setAttribute('role', 'status');
    const again = button(trans.__('Retry This Item'), () => {
      again.disabled = true;
      void retry().then(
        text => (told.textContent = text),
        (error: unknown) => (told.textContent = String(error))
      );
    });
    line.append(again, ' ', told);
    return line;
  }
}

/** A text of several lines, to which the keyboard gets. */
function block(text: string): HTMLElement {
  const made = element('pre', '', text);
  made.tabIndex = 0;
  return made;
}

/** The timeline of a kernel's pools, as a section of the panel. */
import type { Message } from '@lumino/messaging';
import { Panel } from '@lumino/widgets';

import { type Details } from './data';
import { Reader } from './decode';
import { element } from './details';
import { Timeline } from './widget';
import type { Words } from './texts';

/** A pool, as far as it is named here. */
export interface Pool {
  readonly id: number;
  readonly name: string;
}

/** The kernel that is looked at. */
export interface Kernel {
  /** Its id; none if there is no kernel. */
  readonly id: string | null;
  readonly pools: readonly Pool[];
  /** Asks it something by name; rejects where there is no answer. */
  ask(what: string, fields: Record<string, string | number>): Promise<unknown>;
}

/** Milliseconds between two questions for new bars. */
const EVERY = 500;

/**
 * Milliseconds after which a question that has no answer is asked again: it may be lost. Then twice as
 * many, and so on: a kernel that computes answers all of them when it is done.
 */
const PATIENCE = 10_000;
const MOST_PATIENCE = 60_000;

export class TimelineSection extends Panel {
  private readonly timeline: Timeline;
  private readonly select = element('select', 'jp-pool-timeline-pools');
  private readonly choice = element('label', 'jp-pool-dim');
  /** What is known of each pool of the kernel that is looked at. */
  private readers = new Map<number, Reader>();
  private looksAt: string | null = null;
  private chosen: number | null = null;
  /** What was followed last: states come often, and most say nothing new here. */
  private followed = '';
  private timer: ReturnType<typeof setInterval> | null = null;
  /** When the question was asked that has no answer yet. */
  private asked: number | null = null;
  private patience = PATIENCE;

  constructor(
    private readonly kernel: Kernel,
    trans: Words
  ) {
    super();
    this.addClass('jp-pool-timeline-section');
    const ask = async (what: string, job: number, item: number): Promise<unknown> =>
      kernel.ask(what, { job, item });
    this.timeline = new Timeline(
      {
        details: async (job, item) => detailsOf(await ask('details', job, item)),
        retry: async (job, item) => String(await ask('retry', job, item))
      },
      trans
    );
    this.choice.append(trans.__('Pool:'), ' ', this.select);
    this.select.addEventListener('change', () => {
      this.chosen = Number(this.select.value);
      this.follow();
    });
    this.node.append(this.choice);
    this.addWidget(this.timeline);
  }

  /** Look at the kernel that has the focus now, and at its pools. */
  follow(): void {
    const { id, pools } = this.kernel;
    const seen = JSON.stringify([id, pools, this.chosen]);
    if (seen === this.followed) {
      return;
    }
    if (id !== this.looksAt) {
      this.looksAt = id;
      this.readers = new Map();
      this.chosen = null;
      this.asked = null;
    }
    if (!pools.some(pool => pool.id === this.chosen)) {
      this.chosen = pools[0]?.id ?? null;
    }
    this.followed = JSON.stringify([id, pools, this.chosen]);
    this.fill(pools);
    this.timeline.setRecording(this.reader.recording);
    void this.ask();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.timer ??= setInterval(() => void this.ask(), EVERY);
    this.follow();
    void this.ask();
  }

  protected override onAfterHide(message: Message): void {
    this.rest();
    super.onAfterHide(message);
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      this.onAfterShow(message);
    }
  }

  protected override onBeforeDetach(message: Message): void {
    this.rest();
    super.onBeforeDetach(message);
  }

  private rest(): void {
    if (this.timer !== null) {
      clearInterval(this.timer);
      this.timer = null;
    }
  }

  private get reader(): Reader {
    const pool = this.chosen ?? -1;
    let reader = this.readers.get(pool);
    if (reader === undefined) {
      this.readers.set(pool, (reader = new Reader()));
    }
    return reader;
  }

  /** Ask for what is new. A kernel that computes answers later, and is asked no more until then. */
  private async ask(): Promise<void> {
    const { chosen: pool, reader } = this;
    const now = performance.now();
    const waits = this.asked !== null && now - this.asked < this.patience;
    if (pool === null || waits || !this.isVisible || document.visibilityState !== 'visible') {
      return;
    }
    this.patience = this.asked === null ? PATIENCE : Math.min(2 * this.patience, MOST_PATIENCE);
    this.asked = now;
    try {
      let more = true;
      while (more) {
        const said = await this.kernel.ask('bars', { pool, since: reader.since });
        if (reader !== this.reader || this.asked !== now) {
          return; // another pool was chosen meanwhile, or this answer is late
        }
        more = reader.read(said);
        this.timeline.setRecording(reader.recording);
      }
    } catch {
      // A kernel that has ended, or whose wheel is older, answers nothing of the kind.
    }
    if (this.asked === now) {
      this.asked = null;
    }
  }

  /** Offer the pools, if there are several. */
  private fill(pools: readonly Pool[]): void {
    this.choice.hidden = pools.length < 2;
    const names = pools.map(({ id, name }) => `${id} ${name}`).join();
    if (this.select.dataset['names'] !== names) {
      this.select.dataset['names'] = names;
      this.select.replaceChildren(
        ...pools.map(({ id, name }) => new Option(name, String(id), false, id === this.chosen))
      );
    }
    this.select.value = String(this.chosen);
  }
}

/** What a kernel says of an item, if it says that. */
function detailsOf(said: unknown): Details {
  const { known, output, error, retry, ...rest } = (said ?? {}) as Record<string, unknown>;
  const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
  return {
    known: known === true,
    arguments: text(rest['arguments']),
    output: text(output) ?? '',
    error: text(error),
    retry: retry === true
  };
}

/** The wishes of a person that a kernel stop, and the answers to kernels that ask for them. */
import {
  type Answer,
  isAsked,
  isTold,
  type MoreSeals,
  type Question,
  SERVICE_CHANNEL,
  type Wish
} from '../../interrupt/exchange';
import { breakSeal, makeSeal } from '../../interrupt/seal';
import { randomId } from '../../pool/randomId';

/** Seals that a kernel has ahead: that many wishes can be made before it hears of more. */
const AHEAD = 16;

/** A kernel to which wishes can be made. */
interface Addressee {
  /** The last wish to it. */
  last: Wish;
  /** The number of the last wish that it has heard of by itself; null if it was never heard of. */
  told: number | null;
  /** A seal that is never broken. */
  readonly control: string;
  /** The seals of wishes 1, 2, …: those of wishes that were made are broken. */
  readonly seals: string[];
  /** What it tells comes here, and more seals go to it. */
  readonly channel: BroadcastChannel;
}

/** What a new kernel is told, so that it hears of wishes. */
export interface Sealing {
  readonly name: string;
  readonly control: string;
  readonly seals: readonly string[];
}

export class Wishes {
  private readonly questions = new BroadcastChannel(SERVICE_CHANNEL);
  /** The kernels, by the name under which each one asks. */
  private readonly addressees = new Map<string, Addressee>();

  constructor() {
    this.questions.onmessage = ({ data }: MessageEvent<unknown>) => {
      const to = isAsked(data) ? this.addressees.get(data.browsingContextId) : undefined;
      if (isAsked(data) && to !== undefined) {
        const { browsingContextId, requestId } = data;
        const response = answer(to, data.data);
        this.questions.postMessage({ response, browsingContextId, requestId });
      }
    };
  }

  /** Make a name under which a new kernel can ask; nobody can guess it. */
  name(): string {
    const name = `jupyterlite-pool-${randomId()}`;
    const channel = new BroadcastChannel(name);
    const to: Addressee = {
      last: { number: 0, at: 0 },
      told: null,
      control: makeSeal(),
      seals: Array.from({ length: AHEAD }, makeSeal),
      channel
    };
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isTold(data)) {
        note(to, data.heard);
      }
    };
    this.addressees.set(name, to);
    return name;
  }

  /** The seals of a kernel that has a name. */
  sealing(name: string): Sealing {
    const { control, seals } = this.addressees.get(name) ?? { control: '', seals: [] };
    return { name, control, seals };
  }

  /** A kernel has ended: nobody asks under its name any more. */
  forget(name: string): void {
    const to = this.addressees.get(name);
    if (to !== undefined) {
      this.addressees.delete(name);
      to.channel.close();
      [to.control, ...to.seals].forEach(breakSeal);
    }
  }

  /** Wish that a kernel stop. */
  wish(name: string): Wish {
    const to = this.addressees.get(name);
    const wish = { number: (to?.last.number ?? 0) + 1, at: Date.now() };
    if (to !== undefined) {
      to.last = wish; // before the seal is broken: the kernel may ask at once
      breakSeal(to.seals[wish.number - 1] ?? '');
      const seal = makeSeal();
      const more: MoreSeals = { wish: wish.number, first: to.seals.push(seal), seals: [seal] };
      to.channel.postMessage(more);
    }
    return wish;
  }

  /** Whether a kernel has heard of a wish by itself. */
  wasTold(name: string, { number }: Wish): boolean {
    return (this.addressees.get(name)?.told ?? 0) >= number;
  }

  /** Whether a kernel was ever heard of: so it can hear of wishes while it computes. */
  canHear(name: string): boolean {
    return (this.addressees.get(name)?.told ?? null) !== null;
  }
}

function answer(to: Addressee, { heard, since }: Question): Answer {
  const { number, at } = to.last;
  const wish = number > heard && at >= since ? number : 0;
  note(to, Math.max(wish, heard));
  return { wish };
}

function note(to: Addressee, heard: number): void {
  to.told = Math.max(heard, to.told ?? 0);
}

/** The wishes of a person that a kernel stop, and the answers to kernels that ask for them. */
import {
  type Answer,
  isAsked,
  type Question,
  SERVICE_CHANNEL,
  type Wish
} from '../../interrupt/exchange';
import { randomId } from '../../pool/randomId';

export class Wishes {
  private readonly channel = new BroadcastChannel(SERVICE_CHANNEL);
  /** The last wish to each kernel, by the name under which it asks. */
  private readonly last = new Map<string, Wish>();
  /** The numbers of the last wishes that kernels have been told of when they asked. */
  private readonly told = new Map<string, number>();

  constructor() {
    this.channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (isAsked(data) && this.last.has(data.browsingContextId)) {
        const { browsingContextId, requestId } = data;
        const response = this.answer(browsingContextId, data.data);
        this.channel.postMessage({ response, browsingContextId, requestId });
      }
    };
  }

  /** Make a name under which a new kernel can ask; nobody can guess it. */
  name(): string {
    const name = `jupyterlite-pool-${randomId()}`;
    this.last.set(name, { number: 0, at: 0 });
    return name;
  }

  /** A kernel has ended: nobody asks under its name any more. */
  forget(name: string): void {
    this.last.delete(name);
    this.told.delete(name);
  }

  /** Wish that a kernel stop. */
  wish(name: string): Wish {
    const wish = { number: (this.last.get(name)?.number ?? 0) + 1, at: Date.now() };
    this.last.set(name, wish);
    return wish;
  }

  /** Whether a kernel was told of a wish when it asked. */
  wasTold(name: string, { number }: Wish): boolean {
    return (this.told.get(name) ?? 0) >= number;
  }

  /** Whether a kernel has ever asked. */
  hasAsked(name: string): boolean {
    return this.told.has(name);
  }

  private answer(name: string, { heard, since }: Question): Answer {
    const { number, at } = this.last.get(name) ?? { number: 0, at: 0 };
    const wish = number > heard && at >= since ? number : 0;
    this.told.set(name, Math.max(wish, heard, this.told.get(name) ?? 0));
    return { wish };
  }
}

/**
 * What a busy Python and its page say to each other.
 *
 * Each wish has a seal, which the page breaks (`seal.ts`). Where seals do not tell enough, Python asks.
 * JupyterLite's service worker hands each request for `api/drive` to all pages of the site by a
 * `BroadcastChannel`, and hands the answer back. So a worker can ask its page by a synchronous
 * request, which works while its Python computes. The page's own files have a name of their own; we
 * ask under another, which JupyterLite's file system ignores.
 */

/** The channel between the service worker and its pages. */
export const SERVICE_CHANNEL = '/sw-api.v1';

/** A wish of a person that Python stop. */
export interface Wish {
  /** Wishes to one Python count from 1. */
  number: number;
  /** When it was made: milliseconds as `Date.now` counts them. */
  at: number;
}

/** What Python asks. */
export interface Question {
  /** The number of the last wish that it has heard of. */
  heard: number;
  /** When the code that runs began: it does not want to hear of wishes from before. */
  since: number;
}

/** What the page answers. */
export interface Answer {
  /** The number of the wish that Python is to obey; 0 if there is none. */
  wish: number;
}

/** What a kernel says on the channel that has its name: the number of the last wish that it heard of. */
export interface Told {
  heard: number;
}

/** What the page says on that channel when there is a wish: more seals, for later ones. */
export interface MoreSeals {
  /** The number of the wish. */
  wish: number;
  /** The number of the wish whose seal is the first of these. */
  first: number;
  seals: string[];
}

/** Whether a message says what a kernel has heard. */
export function isTold(message: unknown): message is Told {
  return (
    typeof message === 'object' && message !== null && Number.isInteger((message as Told).heard)
  );
}

/** Whether a message brings more seals. */
export function isMoreSeals(message: unknown): message is MoreSeals {
  if (typeof message !== 'object' || message === null) {
    return false;
  }
  const { wish, first, seals } = message as Partial<MoreSeals>;
  return [wish, first].every(n => Number.isInteger(n) && Number(n) > 0) && Array.isArray(seals);
}

/** A question on its way through the service worker. */
export interface Asked {
  /** Whom it is for. */
  browsingContextId: string;
  /** Ties the answer to it; the service worker makes it up. */
  requestId: string;
  data: Question;
}

/** Whether a message of the service worker is a question. */
export function isAsked(message: unknown): message is Asked {
  if (typeof message !== 'object' || message === null || !('data' in message)) {
    return false;
  }
  const { data, browsingContextId, requestId } = message as Record<string, unknown>;
  return (
    typeof browsingContextId === 'string' &&
    typeof requestId === 'string' &&
    typeof data === 'object' &&
    data !== null &&
    typeof (data as Partial<Question>).heard === 'number' &&
    typeof (data as Partial<Question>).since === 'number'
  );
}

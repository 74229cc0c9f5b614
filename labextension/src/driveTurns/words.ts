/**
 * Turns at a drive that can answer one request at a time.
 *
 * The service worker of earlier JupyterLites waits for the next message of the page, whatever that
 * answers. Of two requests at once, one would get the answer of the other, and one would get none. So
 * whoever wants the drive takes a turn for each request. It must do so while Python computes, so it
 * cannot wait for a message: it looks at the seal of its turn, which is broken when it is its turn.
 */

/** Somebody wants a turn, or leaves it. Turns count from 0. */
export interface TurnWord {
  turn: number;
  wants: boolean;
}

/** The seals of the next turns. */
export interface TurnSeals {
  seals: string[];
}

/** The kernel's own requests to a drive that answers one request at a time. */
import { TurnTaker } from '../driveTurns/taker';

/** What asks the page for files, in a kernel. */
export interface DriveRequests {
  request(data: object): unknown;
}

/** What takes the kernel's turns, one for each pool that is there. */
const takers = new Set<TurnTaker>();

/** Whose requests take turns already. */
const sharing = new WeakSet<DriveRequests>();

/**
 * Let each request of the kernel take a turn, as soon as the keeper at the other end of `port` gives some.
 *
 * Returns a function that ends this.
 */
export function shareDrive(api: DriveRequests, port: MessagePort): () => void {
  const taker = new TurnTaker(port);
  takers.add(taker);
  if (!sharing.has(api)) {
    sharing.add(api);
    const request = api.request.bind(api);
    api.request = data => {
      const [taker] = [...takers].filter(({ isReady }) => isReady);
      return taker ? taker.during(() => request(data)) : request(data);
    };
  }
  return () => {
    takers.delete(taker);
    port.close();
  };
}

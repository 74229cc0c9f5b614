/**
 * A seal is an address that stands for one wish, and is whole until the wish is made.
 *
 * It is the address of an empty `Blob`. Who has made it breaks it by taking the address back, and
 * whoever was told of it can see at any time whether it is whole: also a worker whose Python computes,
 * since a synchronous request needs no turn of the event loop. The browser answers that by itself, in
 * a few milliseconds. Nobody can guess the address, and no other origin can use it.
 */

/** Make a seal; its address. */
export function makeSeal(): string {
  return URL.createObjectURL(new Blob());
}

/** Break a seal that this page or worker has made. */
export function breakSeal(seal: string): void {
  URL.revokeObjectURL(seal);
}

/** Whether a seal is whole. Where the browser does not let us see, none is. */
export function isWhole(seal: string): boolean {
  try {
    const request = new XMLHttpRequest();
    request.open('GET', seal, false);
    request.send();
    return request.status === 200;
  } catch {
    return false;
  }
}

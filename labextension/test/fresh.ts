/**
 * Files follow each other in a thread. Each evaluates our modules anew, and so finds their first
 * state, and leaves the globals as they were.
 */
import { afterAll, vi } from 'vitest';

vi.resetModules();

// Vitest's own second is too short where other work keeps the processor busy.
const { waitFor } = vi;
vi.waitFor = (callback, options = 10_000) => waitFor(callback, options);

afterAll(() => {
  vi.waitFor = waitFor;
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

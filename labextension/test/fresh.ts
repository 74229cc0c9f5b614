/**
 * Files follow each other in a thread. Each evaluates our modules anew, and so finds their first
 * state, and leaves the globals as they were.
 */
import { afterAll, vi } from 'vitest';

vi.resetModules();

afterAll(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

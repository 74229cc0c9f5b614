/** Modules that earlier files have imported are evaluated anew: each file finds their first state. */
import { vi } from 'vitest';

vi.resetModules();

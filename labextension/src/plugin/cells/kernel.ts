/** Lets a kernel plan a run, and hears what becomes of its cells. */
import type { Kernel } from '@jupyterlab/services';

import { isLite } from '../application';
import { runUnseen } from '../kernels/host';
import { silent, unseen } from '../kernels/unseen';
import { type News, newsOf, type Plan, planOf, TARGET } from './plan';

interface Listener {
  readonly planned: (plan: Plan) => void;
  readonly hear: (news: News) => void;
}

/** Those who wait for news of a run, by its name. */
const listeners = new Map<string, Listener>();
const known = new WeakSet<Kernel.IKernelConnection>();

/**
 * Let a kernel plan a run; the plan is null if the kernel has no pool, or none that can plan.
 *
 * `hear` is called with news of cells until `forget` is called.
 */
export async function planRun(
  kernel: Kernel.IKernelConnection,
  run: string,
  sources: readonly string[],
  hear: (news: News) => void
): Promise<Plan | null> {
  listen(kernel);
  let found: Plan | null = null;
  listeners.set(run, {
    planned: plan => {
      found = plan;
    },
    hear
  });
  // A text in JSON is a literal of Python as well.
  const text = JSON.stringify(JSON.stringify([run, sources]));
  const code = `
import json
import_module("jupyterlite_pool.commands.parallel.requests").plan(*json.loads(${text}))`;
  await runUnseen(kernel, isLite() ? unseen(code) : silent(code));
  return found;
}

/** Hear no more of a run. */
export function forget(run: string): void {
  listeners.delete(run);
}

function listen(kernel: Kernel.IKernelConnection): void {
  if (known.has(kernel)) {
    return;
  }
  known.add(kernel);
  kernel.registerCommTarget(TARGET, (comm, { content }) => {
    const plan = planOf(content.data);
    const listener = plan === null ? undefined : listeners.get(plan.run);
    if (plan === null || listener === undefined) {
      console.warn('jupyterlite-pool: a kernel has sent a plan that nobody waits for');
      return;
    }
    comm.onMsg = ({ content: { data } }) => {
      const news = newsOf(data);
      if (news !== null) {
        listeners.get(plan.run)?.hear(news);
      }
    };
    listener.planned(plan);
  });
}

/** What the page says to the ordinary kernels of Jupyter, and how. */
import { PageConfig } from '@jupyterlab/coreutils';
import { type Kernel, KernelMessage } from '@jupyterlab/services';

import type { ForKernel } from '../settings';
import { type Host, runUnseen } from './host';
import { TARGET, type Word } from './words';

/** The names of requests after which a kernel is as busy or idle as before. */
const UNTRACKED = 'untracked_message_types';

/** JupyterLab, and Jupyter Notebook. */
export function labHost(): Host {
  ignoreSubshells();
  return {
    async meet(kernel, settings, listens) {
      const hello: Word = { type: 'hello', page: settings };
      // A kernel that works on a cell hears only this word; it may be older than the page.
      sendByControl(kernel, hello);
      await runUnseen(kernel, greeting(settings));
      if (!listens()) {
        sendByControl(kernel, hello); // a cell before the greeting may have imported the package
      }
    },
    forget: () => undefined
  };
}

/**
 * Let a kernel that works on a cell count as busy until the cell has ended.
 *
 * JupyterLab asks for a subshell whenever a kernel opens a comm of a new kind, as each widget does, and
 * would take the end of that request for the end of the cell.
 */
function ignoreSubshells(): void {
  const requests = ['create', 'delete', 'list'].map(what => `${what}_subshell_request`);
  const known = JSON.parse(PageConfig.getOption(UNTRACKED) || '[]') as string[];
  PageConfig.setOption(UNTRACKED, JSON.stringify([...new Set([...known, ...requests])]));
}

/**
 * Send a word with a question that each ordinary kernel answers while a cell runs.
 *
 * `commands/page_ways.py` takes the word out of it. Kernels without the pool answer the question, and
 * nobody reads that.
 */
export function sendByControl(kernel: Kernel.IKernelConnection, word: Word): void {
  if (kernel.isDisposed || kernel.status === 'dead') {
    return;
  }
  const message = KernelMessage.createMessage<KernelMessage.ICommInfoRequestMsg>({
    msgType: 'comm_info_request',
    channel: 'shell',
    session: kernel.clientId,
    username: kernel.username,
    content: { target_name: TARGET }
  });
  const content = { ...message.content, jupyterlite_pool: word };
  // The types know this question on the other channel alone.
  kernel.sendControlMessage({
    ...message,
    channel: 'control',
    content
  } as unknown as KernelMessage.IDebugRequestMsg);
}

/**
 * Python that leaves the settings where the package finds them, once it is imported.
 *
 * It must not import the package: most kernels never use it.
 */
export function greeting({ settings, options }: ForKernel): string {
  // A text in JSON is a literal of Python as well.
  const [first, rest] = [settings, options].map(each => JSON.stringify(JSON.stringify(each)));
  return `
try:
    get_ipython().jupyterlite_pool_page = (${first}, ${rest})
except Exception:
    pass  # another kernel than IPython's
`;
}

import type { Kernel } from '@jupyterlab/services';
import { PageConfig } from '@jupyterlab/coreutils';
import { beforeAll, expect, test, vi } from 'vitest';

import { labHost } from '../../../src/plugin/kernels/labHost';
import { DEFAULTS, forKernel } from '../../../src/plugin/settings';

const settings = forKernel(DEFAULTS, true);

interface Sent {
  readonly header?: { readonly msg_type: string };
  readonly channel?: string;
  readonly content?: Record<string, unknown>;
  readonly code?: string;
  readonly silent?: boolean;
}

/** A kernel, and what it is sent in its order. */
function kernelThat(lives: boolean): { kernel: Kernel.IKernelConnection; sent: Sent[] } {
  const sent: Sent[] = [];
  const kernel = {
    isDisposed: !lives,
    status: 'idle',
    clientId: 'client',
    username: 'somebody',
    sendControlMessage: (message: Sent) => sent.push(message),
    requestExecute: (request: Sent) => {
      sent.push(request);
      return { done: Promise.resolve() };
    }
  };
  return { kernel: kernel as unknown as Kernel.IKernelConnection, sent };
}

beforeAll(() => {
  vi.stubGlobal('document', { getElementById: () => null, body: { dataset: {} } });
});

test('a word travels with a question that each ordinary kernel answers while it is busy', async () => {
  const { kernel, sent } = kernelThat(true);
  await labHost().meet(kernel, settings, () => true);
  expect(sent[0]).toMatchObject({
    header: { msg_type: 'comm_info_request' },
    channel: 'control',
    content: {
      target_name: 'jupyterlite-pool',
      jupyterlite_pool: { type: 'hello', page: settings }
    }
  });
  expect(sent[1]).toMatchObject({ silent: true, store_history: false });
  expect(sent).toHaveLength(2);
});

test('a kernel that does not listen after the greeting may have imported the package before it', async () => {
  const { kernel, sent } = kernelThat(true);
  await labHost().meet(kernel, settings, () => false);
  expect(sent.map(({ channel }) => channel)).toEqual(['control', undefined, 'control']);
});

test('nothing is said to a kernel that this page has no connection to', async () => {
  const { kernel, sent } = kernelThat(false);
  await labHost().meet(kernel, settings, () => true);
  expect(sent.filter(({ channel }) => channel === 'control')).toEqual([]);
});

test('requests about subshells end no cell, beside those that the server names', () => {
  PageConfig.setOption('untracked_message_types', '["status"]');
  labHost();
  labHost();
  expect(JSON.parse(PageConfig.getOption('untracked_message_types'))).toEqual([
    'status',
    'create_subshell_request',
    'delete_subshell_request',
    'list_subshell_request'
  ]);
});

/** What one plugin of this labextension provides for the others. */
import { Token } from '@lumino/coreutils';

import type { Lives } from './card/lives';
import type { PoolKernels } from './kernels/kernels';
import type { Settings } from './settings';
import type { PoolStates } from './state/states';

/** The pools of the page. */
export interface IWorkerPools {
  readonly kernels: PoolKernels;
  readonly settings: Settings;
  /** How the pools of each kernel are. */
  readonly states: PoolStates;
}

export const IWorkerPools = new Token<IWorkerPools>('jupyterlite-pool:IWorkerPools');

/** Which kernels live, for whoever shows what they have made. */
export type IKernelLives = Lives;

export const IKernelLives = new Token<IKernelLives>(
  'jupyterlite-pool:IKernelLives',
  'Which kernels of the page live.'
);

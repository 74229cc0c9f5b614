/** The public names of the built `pool.js`, for pages. */
export { PoolError, PoolStartError, RemoteError, TerminatedWorkerError } from '../errors';
export { BOOT_PHASES, PROTOCOL_VERSION } from '../protocol';
export type { BootPhase } from '../protocol';
export type { PoolEvent, WorkerEnd } from './events';
export { defaultSize, workerCap } from './size';
export { PyodidePool } from './pool';
export type { InitOptions } from './launcher';
export type { CallOptions } from './calls';
export type { PoolOptions } from './pool';
export type { WorkerStatus } from './status';

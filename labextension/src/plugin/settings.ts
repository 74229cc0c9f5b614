/** The settings of the labextension, which `schema/plugin.json` describes. */
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { type ISignal, Signal } from '@lumino/signaling';

import { translateSettings, type Words } from './language';

/** The plugin of the settings. */
export const SETTINGS_ID = 'jupyterlite-pool:plugin';

export interface PoolSettings {
  prewarm: boolean;
  maxWorkers: number | null;
  /** Seconds; null for no cards. */
  progressAfter: number | null;
  /** What *Interrupt Kernel* stops: Python and its jobs, only jobs, or what JupyterLite stops. */
  interrupt: 'code' | 'jobs' | 'nothing';
  /** Seconds without work after which all workers of the shared pool stop; null to keep them. */
  idleTimeout: number | null;
  /** Bytes beyond which a worker of the shared pool is replaced; null for no such limit. */
  maxWorkerMemory: number | null;
  /** Packages that each worker of the shared pool loads. */
  preloadPackages: readonly string[];
  /** Whether what tasks print is shown as it comes. */
  streamOutput: boolean;
  /** How many lines of tasks a cell shows. */
  outputLimitLines: number;
  showStatusItem: boolean;
}

/**
 * The settings that wheels of all versions know, and what the page of a kernel can do.
 *
 * A kernel takes exactly these. What came later is in `KernelOptions`.
 */
export interface KernelSettings extends Pick<PoolSettings, 'prewarm' | 'maxWorkers'> {
  /** Seconds; `NEVER` for no cards. */
  progressAfter: number;
  /** Whether the page shows widgets. */
  widgets: boolean;
}

/** Seconds that stand for never in a kernel: wheels of all versions know only numbers. */
export const NEVER = 2_000_000;

/**
 * The further settings that a kernel needs, and what else its page can do. Older wheels do not know
 * these; newer ones may know more.
 */
export interface KernelOptions extends Pick<
  PoolSettings,
  'idleTimeout' | 'maxWorkerMemory' | 'preloadPackages' | 'streamOutput' | 'outputLimitLines'
> {
  /** Whether the page shows what was saved of a card when its kernel is gone. */
  cards: boolean;
}

/** The defaults of the schema. */
export const DEFAULTS: PoolSettings = {
  prewarm: true,
  maxWorkers: null,
  progressAfter: 0.5,
  interrupt: 'code',
  idleTimeout: null,
  maxWorkerMemory: null,
  preloadPackages: [],
  streamOutput: true,
  outputLimitLines: 1000,
  showStatusItem: true
};

/** What a kernel is told of the settings, and of its page. */
export interface ForKernel {
  readonly settings: KernelSettings;
  readonly options: KernelOptions;
}

/** The part of the settings that a kernel needs. */
export function forKernel(all: PoolSettings, widgets: boolean): ForKernel {
  const { prewarm, maxWorkers, progressAfter } = all;
  const { idleTimeout, maxWorkerMemory, preloadPackages, streamOutput, outputLimitLines } = all;
  return {
    settings: { prewarm, maxWorkers, progressAfter: progressAfter ?? NEVER, widgets },
    options: {
      idleTimeout,
      maxWorkerMemory,
      preloadPackages,
      streamOutput,
      outputLimitLines,
      cards: widgets
    }
  };
}

type Schema = ISettingRegistry.ISchema;

/** Settings that mean nothing to the ordinary kernels of Jupyter. */
const ONLY_IN_LITE = ['prewarm', 'interrupt', 'preloadPackages'];

/** The schema as it is in JupyterLab: without what only JupyterLite has. */
export function forLab(schema: Schema, trans: Words): Schema {
  const all = Object.entries(schema.properties ?? {});
  const properties = Object.fromEntries(all.filter(([name]) => !ONLY_IN_LITE.includes(name)));
  const describe = (name: string, description: string): void => {
    properties[name] = { ...properties[name], description };
  };
  describe(
    'maxWorkers',
    trans.__(
      'How many workers the shared pool of a kernel has. Leave empty for one per core. Applies to pools that start from now on.'
    )
  );
  describe(
    'maxWorkerMemory',
    trans.__(
      'Bytes beyond which a worker of the shared pool is replaced, between two tasks. Leave empty for no such limit. Applies to pools that start from now on.'
    )
  );
  return { ...schema, properties };
}

/** The settings now and later. The defaults hold where a site has no registry of settings. */
export class Settings {
  /** The current settings, when they are loaded. */
  current: Promise<PoolSettings>;
  private readonly _changed = new Signal<this, PoolSettings>(this);

  /** @param inLite whether this is JupyterLite, which has more settings */
  constructor(registry: ISettingRegistry | null, trans: Words, inLite: boolean) {
    if (registry !== null) {
      const change = inLite ? undefined : (schema: Schema): Schema => forLab(schema, trans);
      translateSettings(registry, SETTINGS_ID, trans, change); // the registry waits for it
    }
    this.current = this.load(registry);
  }

  /** Emitted at each change. */
  get changed(): ISignal<this, PoolSettings> {
    return this._changed;
  }

  private async load(registry: ISettingRegistry | null): Promise<PoolSettings> {
    if (registry === null) {
      return DEFAULTS;
    }
    try {
      const loaded = await registry.load(SETTINGS_ID);
      const read = (): PoolSettings => ({ ...DEFAULTS, ...loaded.composite });
      loaded.changed.connect(() => {
        const now = read();
        this.current = Promise.resolve(now);
        this._changed.emit(now);
      });
      return read();
    } catch (error) {
      console.warn(
        `jupyterlite-pool: the settings could not be loaded, so the defaults hold: ${error}`
      );
      return DEFAULTS;
    }
  }
}

/** The settings of the labextension: what `schema/plugin.json` describes. */
import type { ISettingRegistry } from '@jupyterlab/settingregistry';

/** The plugin that they belong to. */
export const SETTINGS_ID = 'jupyterlite-pool:plugin';

/** What a kernel is told of them. */
export interface KernelSettings {
  prewarm: boolean;
  maxWorkers: number | null;
  /** Seconds. */
  progressAfter: number;
}

/** All of them. */
export interface PoolSettings extends KernelSettings {
  interruptCancelsJobs: boolean;
}

/** As the schema has them. */
export const DEFAULTS: PoolSettings = {
  prewarm: true,
  maxWorkers: null,
  progressAfter: 0.5,
  interruptCancelsJobs: true
};

/** The part of the settings that a kernel is told. */
export function forKernel({ prewarm, maxWorkers, progressAfter }: PoolSettings): KernelSettings {
  return { prewarm, maxWorkers, progressAfter };
}

/**
 * Load the settings, and tell of each change of them.
 *
 * Where they cannot be had, the defaults hold: a site may have left its setting editor out.
 */
export async function loadSettings(
  registry: ISettingRegistry | null,
  onChange: (settings: PoolSettings) => void
): Promise<PoolSettings> {
  if (registry === null) {
    return DEFAULTS;
  }
  try {
    const loaded = await registry.load(SETTINGS_ID);
    const read = (): PoolSettings => ({ ...DEFAULTS, ...loaded.composite });
    loaded.changed.connect(() => onChange(read()));
    return read();
  } catch (error) {
    console.warn(`jupyterlite-pool: its settings could not be loaded: ${error}`);
    return DEFAULTS;
  }
}

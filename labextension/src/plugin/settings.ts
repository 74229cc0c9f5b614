/** The settings of the labextension: what `schema/plugin.json` describes. */
import type { ISettingRegistry } from '@jupyterlab/settingregistry';

/** The plugin that they belong to. */
export const SETTINGS_ID = 'jupyterlite-pool:plugin';

/** All of them. */
export interface PoolSettings {
  prewarm: boolean;
  maxWorkers: number | null;
  /** Seconds. */
  progressAfter: number;
  interruptCancelsJobs: boolean;
}

/** What a kernel is told: its part of the settings, and what the page can do. */
export interface KernelSettings extends Omit<PoolSettings, 'interruptCancelsJobs'> {
  /** Whether the page shows widgets. */
  widgets: boolean;
}

/** As the schema has them. */
export const DEFAULTS: PoolSettings = {
  prewarm: true,
  maxWorkers: null,
  progressAfter: 0.5,
  interruptCancelsJobs: true
};

/** What a kernel is told. */
export function forKernel(settings: PoolSettings, widgets: boolean): KernelSettings {
  const { prewarm, maxWorkers, progressAfter } = settings;
  return { prewarm, maxWorkers, progressAfter, widgets };
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

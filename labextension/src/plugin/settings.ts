/** The settings of the labextension, which `schema/plugin.json` describes. */
import type { ISettingRegistry } from '@jupyterlab/settingregistry';

/** The plugin of the settings. */
export const SETTINGS_ID = 'jupyterlite-pool:plugin';

export interface PoolSettings {
  prewarm: boolean;
  maxWorkers: number | null;
  /** Seconds. */
  progressAfter: number;
  /** What *Interrupt Kernel* stops: Python and its jobs, only jobs, or what JupyterLite stops. */
  interrupt: 'code' | 'jobs' | 'nothing';
}

/** The settings that a kernel needs, and the abilities of its page. */
export interface KernelSettings extends Omit<PoolSettings, 'interrupt'> {
  /** Whether the page shows widgets. */
  widgets: boolean;
}

/** The defaults of the schema. */
export const DEFAULTS: PoolSettings = {
  prewarm: true,
  maxWorkers: null,
  progressAfter: 0.5,
  interrupt: 'code'
};

/** The part of the settings that a kernel needs. */
export function forKernel(settings: PoolSettings, widgets: boolean): KernelSettings {
  const { prewarm, maxWorkers, progressAfter } = settings;
  return { prewarm, maxWorkers, progressAfter, widgets };
}

/**
 * Load the settings, and call `onChange` at each change of them.
 *
 * The defaults hold where the settings cannot be loaded: a site may have no registry of settings.
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
    console.warn(
      `jupyterlite-pool: the settings could not be loaded, so the defaults hold: ${error}`
    );
    return DEFAULTS;
  }
}

/** The colours of functions and of everything else; `api/timeline.py` has two of them. */

/** A colour of JupyterLab's theme, and what it is where there is no theme. */
export interface Colour {
  readonly variable: string;
  readonly plain: string;
}

/** The colours of functions, in the order in which functions come. Then they begin anew. */
export const FUNCTIONS: readonly Colour[] = [
  { variable: '--jp-brand-color1', plain: '#1976d2' },
  { variable: '--jp-warn-color1', plain: '#f57c00' },
  { variable: '--jp-success-color1', plain: '#388e3c' },
  { variable: '--jp-mirror-editor-operator-color', plain: '#a2f' },
  { variable: '--jp-info-color1', plain: '#0097a7' },
  { variable: '--jp-cell-outprompt-font-color', plain: '#bf5b3d' }
];

export const FAILED: Colour = { variable: '--jp-error-color1', plain: '#d32f2f' };
export const TEXT: Colour = { variable: '--jp-ui-font-color1', plain: '#212121' };
export const FAINT: Colour = { variable: '--jp-ui-font-color2', plain: '#616161' };
export const LINE: Colour = { variable: '--jp-border-color2', plain: '#e0e0e0' };
export const PAPER: Colour = { variable: '--jp-layout-color1', plain: '#fff' };

/** The colour of a function, by its place among the labels; that of no function is faint. */
export function functionColour(place: number): Colour {
  return FUNCTIONS[place % FUNCTIONS.length] ?? FAINT;
}

/** In which application this labextension runs. */

/** The packages that the application shares with its labextensions, by their names. */
declare const __webpack_share_scopes__: Record<string, Record<string, unknown> | undefined>;

/** Whether this is JupyterLite: JupyterLab, and Jupyter Notebook, have none of its packages. */
export function isLite(): boolean {
  return '@jupyterlite/services' in (__webpack_share_scopes__['default'] ?? {});
}

/**
 * Appended to the labextension's remote entry by the build: an application that is too old for the
 * labextension gets an empty one, and no error.
 *
 * The build calls this function with the packages that the labextension needs in JupyterLite, where it
 * does not bring them along, and with the version of JupyterLab that it was built for. JupyterLab itself
 * has none of these packages.
 */
// eslint-disable-next-line @typescript-eslint/no-unused-expressions -- the build calls it
(needs, built) => {
  const containers = globalThis._JUPYTERLAB;
  const container = containers['jupyterlite-pool'];
  let shared = {};

  const atLeast = version => {
    const [[major, minor], [least, leastMinor]] = [version, built].map(text =>
      text.split('.').map(Number)
    );
    return major > least || (major === least && minor >= leastMinor);
  };
  const has = name => name in shared;
  const fits = () =>
    (needs.every(has) || !needs.some(has)) &&
    Object.keys(shared['@jupyterlab/application'] ?? {}).some(atLeast);

  containers['jupyterlite-pool'] = {
    init(scope, ...rest) {
      shared = scope;
      return container.init(scope, ...rest);
    },
    async get(module) {
      return fits() ? container.get(module) : () => ({ __esModule: true, default: [] });
    }
  };
};

/**
 * Appended to the labextension's remote entry by the build: an application that is older than the
 * labextension fits gets an empty one, and no error.
 *
 * The build calls this function with what the application must have: packages that the labextension
 * does not bring along, and the version of JupyterLab that it was built for.
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
  const fits = () =>
    needs.every(name => name in shared) &&
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

/**
 * Evaluated in the page of a JupyterLite site built with `exposeAppInBrowser`: starts a kernel.
 * Afterwards `window.poolTest.run(code)` resolves to what a cell with that code replied and showed.
 */
async name => {
  // Both the application and its kernel come late.
  while (!window.jupyterapp?.serviceManager.kernelspecs?.specs?.kernelspecs?.python) {
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  const app = window.jupyterapp;
  await app.restored;
  const session = await app.serviceManager.sessions.startNew({
    name,
    path: name,
    type: 'notebook',
    kernel: { name: 'python' }
  });
  const outputs = { current: [] };
  // Of every cell, also what comes when it has ended, as in a notebook.
  const cells = [];
  const run = async code => {
    const shown = (outputs.current = []);
    cells.push(shown);
    const future = session.kernel.requestExecute({ code }, false);
    future.onIOPub = ({ header, content }) => shown.push({ type: header.msg_type, ...content });
    const reply = await future.done;
    return { status: reply.content.status, cell: cells.indexOf(shown), outputs: shown };
  };
  const stop = async () => {
    await session.shutdown();
    session.dispose();
  };
  window.poolTest = { run, stop, outputs, cells, session };
}

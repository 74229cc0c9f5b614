// Opens the console of the site below the code whose button was pressed.
document.addEventListener('click', ({ target }) => {
  const button = target.closest?.('.try-it button');
  if (!button) {
    return;
  }
  const frame = document.createElement('iframe');
  frame.title = 'The code, in a console of JupyterLite';
  frame.src = button.dataset.address;
  frame.height = button.dataset.height;
  frame.className = 'try-it-frame';
  button.closest('.try-it').replaceWith(frame);
  frame.focus();
});

/** The icons of the commands that run cells on workers. */
import { LabIcon } from '@jupyterlab/ui-components';

/** The icon of *Run* with a line of its own beside it. */
export const backgroundIcon = new LabIcon({
  name: 'jupyterlite-pool:background',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M4 4v11l8.5-5.5z"/>
    <path d="M4 18h16v2H4zM14 8h6v2h-6zM14 12h6v2h-6z"/>
  </g>
</svg>`
});

/** Two icons of *Run*, one above the other. */
export const parallelIcon = new LabIcon({
  name: 'jupyterlite-pool:parallel',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M5 3v8l6.5-4zM5 13v8l6.5-4z"/>
    <path d="M13 6h7v2h-7zM13 16h7v2h-7z"/>
  </g>
</svg>`
});

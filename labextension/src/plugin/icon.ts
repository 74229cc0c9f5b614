/** The icon of the pool: one that asks, and three that work. */
import { LabIcon } from '@jupyterlab/ui-components';

export const poolIcon = new LabIcon({
  name: 'jupyterlite-pool:pool',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <circle cx="12" cy="5" r="3"/>
    <circle cx="4.5" cy="19" r="2.5"/><circle cx="12" cy="19" r="2.5"/><circle cx="19.5" cy="19" r="2.5"/>
    <path d="M11.3 8h1.4v3.3h7.5V16h-1.4v-3.3h-6.1V16h-1.4v-3.3H5.2V16H3.8v-4.7h7.5z"/>
  </g>
</svg>`
});

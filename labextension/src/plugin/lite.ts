/**
 * What only JupyterLite has: a chunk of its own, since its packages are missing elsewhere.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { IServiceWorkerManager } from '@jupyterlite/apputils';
import { IKernelClient } from '@jupyterlite/services';

import { tellBroker } from './kernels/cancel';
import { beforeInterrupt } from './kernels/interrupt';
import type { PoolKernels } from './kernels/kernels';
import { LiteHost } from './kernels/liteHost';
import type { Words } from './language';
import type { Settings } from './settings';

export class Lite {
  /** Tells the broker of a pool that one of its jobs is cancelled. */
  readonly tellBroker = tellBroker;

  private constructor(
    readonly host: LiteHost,
    private readonly client: IKernelClient | null
  ) {}

  static async of(app: JupyterFrontEnd, trans: Words): Promise<Lite> {
    // An application may have none of these.
    const client = await app.resolveOptionalService(IKernelClient);
    const files = await app.resolveOptionalService(IServiceWorkerManager);
    const labextensions = PageConfig.getOption('fullLabextensionsUrl');
    const interrupting = {
      script: URLExt.join(labextensions, 'jupyterlite-pool', 'static', 'interrupt.js'),
      url: new URL('api/drive', new URL(PageConfig.getBaseUrl(), location.href)).href
    };
    const host = new LiteHost(() => files?.browsingContextId ?? null, interrupting, trans);
    return new Lite(host, client);
  }

  /**
   * Hear of interrupts, and of ends.
   *
   * @param ended is called with the id of each kernel that ends
   */
  follow(kernels: PoolKernels, settings: Settings, ended: (kernel: string) => void): void {
    const { client, host } = this;
    if (client === null) {
      return;
    }
    client.changed.connect((_, { type, key }) => {
      if (type === 'remove') {
        ended(key);
      }
    });
    beforeInterrupt(client, async kernel => {
      const { interrupt } = await settings.current;
      if (interrupt !== 'nothing') {
        host.interrupt(kernels, kernel, interrupt === 'code');
      }
    });
  }
}

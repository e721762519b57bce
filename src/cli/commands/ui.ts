import { once } from 'node:events';
import { z } from 'zod';
import { defineCommand } from '../command.ts';
import { folder } from '../options.ts';

const options = z.strictObject({
  runs: folder('Folder of the runs').default('runs'),
  port: z
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe('Port on this machine; 0 is any that is free (default: that of the last time)'),
  open: z.boolean().default(true).describe('Show the page in the browser'),
});

export const ui = defineCommand({
  name: 'ui',
  summary: 'Show runs in the browser: curves and texts while they train, side by side.',
  description:
    'The page is served on this machine alone, and only to whoever has the address with its token. An ' +
    'open page finds a server that is started again. Ctrl-C ends the server; runs go on.',
  examples: [
    ['tactful ui', 'the runs below runs/'],
    ['tactful ui --runs /data/runs --no-open', 'others; the address alone is printed'],
  ],
  options,
  stopping: 'closing the page; runs go on',
  async run({ options: { runs, port, open }, json, print, signal }) {
    const { openDashboard } = await import('../dashboard.ts');
    const served = await openDashboard({ runs, port });
    try {
      print(json ? JSON.stringify({ url: served.url, runs }) : served.url);
      if (open && !json) {
        const { openPage } = await import('../open-page.ts');
        const { keptFolder } = await import('../../web/access.ts');
        const show = async () => openPage(served.url, await keptFolder(runs));
        await show().catch(() => {}); // the address is printed
      }
      if (!signal.aborted) await once(signal, 'abort');
    } finally {
      await served.close();
    }
  },
});

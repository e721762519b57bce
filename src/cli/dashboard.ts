/** The dashboard with all that the command line can do: forms, runs in processes of their own, policies that answer. */
import { createRequire } from 'node:module';
import type { Engine } from '../runtime/engine.ts';
import { type DashboardOptions, startDashboard } from '../web/dashboard.ts';
import type { Player } from '../web/playroom.ts';
import type { Served } from '../web/server.ts';

/** @throws as `startDashboard` */
export function openDashboard(options: Pick<DashboardOptions, 'runs' | 'port'>): Promise<Served> {
  const main = createRequire(import.meta.url).resolve('#main');
  return startDashboard({
    ...options,
    forms: async () => (await import('./job-forms.ts')).jobForms(),
    defaults: async (asked) => (await import('./job-forms.ts')).formDefaults(asked),
    program: { command: process.execPath, words: [main] },
    open: openPlayer,
  });
}

/** Both policies of a run, on an engine of their own. */
async function openPlayer(folder: string): Promise<Player> {
  const [{ startEngine }, { openPlayground }] = await Promise.all([
    import('../runtime/select.ts'),
    import('../jobs/detox/playground.ts'),
  ]);
  const engine: Engine = await startEngine({ engine: 'auto', device: 'cpu', threads: 0 });
  try {
    const playground = await openPlayground(folder, engine);
    return {
      answer: playground.answer,
      async close() {
        await playground.close();
        await engine.close();
      },
    };
  } catch (error) {
    await engine.close();
    throw error;
  }
}

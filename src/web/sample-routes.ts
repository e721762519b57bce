/** Answers about samples: windows of those that match, and one with its tokens. */
import type { Hono } from 'hono';
import type { Env, Shared } from './parts.ts';
import { comparedQuery, rolloutQuery } from './query.ts';
import { Refusal } from './refusal.ts';

export function sampleRoutes(app: Hono<Env>, { index }: Shared): void {
  app.get('/api/rollouts', async (c) => c.json(await index.rollouts(rolloutQuery(c.req.query()))));
  app.get('/api/compared', async (c) => c.json(await index.compared(comparedQuery(c.req.query()))));
  app.get('/api/runs/:id/rollouts/:step/:row', async (c) => {
    const { id, step, row } = c.req.param();
    const found = /^\d{1,9}$/.test(step) && (await index.rollout(id, Number(step), Number(row)));
    if (!found)
      throw new Refusal(404, `run ${id}, step ${step}, row ${row}: expected a rollout, got none.`);
    return c.json(found);
  });
}

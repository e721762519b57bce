/** I/O: answers that do something: runs that start, stop and go on, and policies that answer. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hono } from 'hono';
import type { JobDefaults, Started } from '../api.ts';
import { exists } from '../disk/atomic.ts';
import { bodyOf, playgroundBody, startBody } from './body.ts';
import type { Env, Shared } from './parts.ts';
import { runFolder } from './place.ts';
import { Refusal } from './refusal.ts';

export function deedRoutes(app: Hono<Env>, shared: Shared): void {
  const { runs, index, launcher, playroom } = shared;
  const forms = async () => (await shared.forms?.()) ?? [];
  app.get('/api/jobs', async (c) => c.json(await forms()));
  app.post('/api/jobs/defaults', async (c) => {
    const asked = await bodyOf(c, startBody);
    return c.json<JobDefaults>((await shared.defaults?.(asked)) ?? {});
  });
  app.post('/api/runs', async (c) => {
    const { job, settings } = await bodyOf(c, startBody);
    const jobs = (await forms()).map((form) => form.job);
    if (!jobs.includes(job))
      throw new Refusal(422, `job: expected ${jobs.join(' or ') || 'none'}, got ${job}.`);
    return c.json<Started>({ id: await launcher.start({ job, settings }) }, 201);
  });
  app.post('/api/runs/:id/stop', async (c) => {
    const id = c.req.param('id');
    await launcher.stop(id, await runFolder(runs, id));
    return c.json({}, 202);
  });
  app.post('/api/runs/:id/resume', async (c) => {
    const id = c.req.param('id');
    const folder = await runFolder(runs, id);
    const { state } = (await index.details(id)) ?? {};
    await launcher.resume(id, folder, state === 'stopped' || state === 'finished');
    return c.json({}, 202);
  });
  app.post('/api/playground', async (c) => {
    const { run, ...request } = await bodyOf(c, playgroundBody);
    const folder = await runFolder(runs, run);
    const adapter = join(folder, 'adapter');
    if (!(await exists(adapter)))
      throw new Refusal(409, `run ${run}: expected one with an adapter, got one without.`);
    const { mtimeMs } = await stat(adapter);
    return c.json(await playroom.ask(folder, `${mtimeMs}`, request, c.req.raw.signal));
  });
}

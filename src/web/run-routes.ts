/** I/O: answers about runs: which there are, one of them, and what happens in it. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hono } from 'hono';
import type { RunDetails, RunSummary } from '../api.ts';
import { logName } from '../disk/result-folder.ts';
import { isHeld } from '../store/lock.ts';
import { liveText } from './live.ts';
import type { Env, Shared } from './parts.ts';
import { runFolder } from './place.ts';
import { streamed } from './stream.ts';

/** What is known of a run that has its folder and no log yet. */
const nothing = { config: {}, engine: '', version: '', files: [] };

export function runRoutes(app: Hono<Env>, { runs, index, launcher, signal, every }: Shared): void {
  const told = async <Summary extends RunSummary>(summary: Summary): Promise<Summary> => {
    const problem = summary.state === 'broken' ? await launcher.problem(summary.id) : undefined;
    return { ...summary, ...(problem !== undefined && { problem }) };
  };
  app.get('/api/runs', async (c) => {
    const [beginning, listed] = [await launcher.beginning(), await index.list()];
    const ids = new Set(listed.map(({ id }) => id));
    const unlisted = beginning.filter(({ id }) => !ids.has(id));
    return c.json([...unlisted, ...(await Promise.all(listed.map(told)))]);
  });
  app.get('/api/runs/:id', async (c) => {
    const id = c.req.param('id');
    const beginning = (await launcher.beginning()).find((run) => run.id === id);
    if (beginning) return c.json<RunDetails>({ ...beginning, ...nothing });
    const folder = await runFolder(runs, id);
    const details = await index.details(id);
    if (details) return c.json(await told(details));
    const { birthtime } = await stat(folder);
    const state = (await isHeld(folder)) ? 'running' : 'broken';
    const now = { time: birthtime.toISOString(), state, step: 0, steps: 0 } as const;
    return c.json(await told<RunDetails>({ id, job: '', ...now, ...nothing }));
  });
  app.get('/api/runs/:id/events', async (c) => {
    const path = join(await runFolder(runs, c.req.param('id')), logName);
    const [last, once] = [c.req.header('last-event-id'), c.req.query('once') !== undefined];
    const text = (ended: AbortSignal) =>
      liveText(path, { last, once, signal: ended, ...(every !== undefined && { every }) });
    const type = { 'content-type': 'text/event-stream; charset=utf-8' };
    return c.body(streamed(text, signal), 200, type);
  });
}

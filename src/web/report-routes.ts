/** I/O: answers that are files of runs, for frames. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hono } from 'hono';
import type { FileAddress } from '../api.ts';
import { reportHeaders } from './headers.ts';
import type { Env, Shared } from './parts.ts';
import { runFolder } from './place.ts';
import { Refusal } from './refusal.ts';
import { newTickets } from './tickets.ts';

export function reportRoutes(app: Hono<Env>, { runs, index }: Shared): void {
  const tickets = newTickets();
  app.post('/api/runs/:id/files/:name', async (c) => {
    const { id, name } = c.req.param();
    const folder = await runFolder(runs, id);
    const { files = [] } = (await index.details(id)) ?? {};
    if (!files.includes(name))
      throw new Refusal(404, `${name}: expected a file of the run, got none.`);
    return c.json<FileAddress>({ address: `/files/${tickets.give(join(folder, name))}` });
  });
  app.get('/files/:ticket', async (c) => {
    const file = tickets.take(c.req.param('ticket'));
    if (file === undefined) throw new Refusal(404, 'address: expected a new one, got an old one.');
    return c.body(new Uint8Array(await readFile(file)), 200, reportHeaders);
  });
}

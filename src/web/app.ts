/** I/O: the dashboard's addresses: who asks is checked, and each is answered by one function. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ApiError, FileAddress, RolloutDetails } from '../api.ts';
import { logName } from '../disk/result-folder.ts';
import { TactfulError } from '../errors.ts';
import { readQueries, readRollouts } from '../store/rollouts.ts';
import { checkAsking } from './gate.ts';
import { apiHeaders, pageHeaders, reportHeaders } from './headers.ts';
import { liveText } from './live.ts';
import { pageFile } from './page.ts';
import { runFolder } from './place.ts';
import { Refusal } from './refusal.ts';
import { newTickets } from './reports.ts';
import { describeRun, listRuns, shownFiles } from './runs.ts';
import { streamed } from './stream.ts';

/** What is served. */
export interface Dashboard {
  /** The folder of runs, without links. */
  readonly runs: string;
  /** Secret of whoever may ask. */
  readonly token: string;
  /** Ends what is still being sent. */
  readonly signal: AbortSignal;
  /** Milliseconds between two looks at a log. @default 250 */
  readonly every?: number;
}

type Env = { Bindings: HttpBindings };

/** Bytes of a request: a form's settings, a text to answer. */
const bodyBytes = 256 * 1024;

/** The server's answers, without a port. */
export function dashboardApp({ runs, token, signal, every }: Dashboard): Hono<Env> {
  const app = new Hono<Env>();
  const tickets = newTickets();
  const folderOf = (c: Context<Env>) => runFolder(runs, c.req.param('id') ?? '');

  app.use(async (c, next) => {
    const { localPort = 0 } = c.env.incoming.socket;
    const header = (name: string) => c.req.header(name);
    const [host, origin, authorization] = ['host', 'origin', 'authorization'].map(header);
    checkAsking({ path: c.req.path, host, origin, authorization }, localPort, token);
    await next();
  });
  const tooLarge = () => {
    throw new Refusal(413, `request: expected at most ${bodyBytes} bytes, got more.`);
  };
  app.use('/api/*', bodyLimit({ maxSize: bodyBytes, onError: tooLarge }));
  app.use('/api/*', async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(apiHeaders)) c.header(name, value);
  });

  app.get('/api/runs', async (c) => c.json(await listRuns(runs)));
  app.get('/api/runs/:id', async (c) =>
    c.json(await describeRun(await folderOf(c), c.req.param('id'))),
  );
  app.get('/api/runs/:id/events', async (c) => {
    const path = join(await folderOf(c), logName);
    const [last, once] = [c.req.header('last-event-id'), c.req.query('once') !== undefined];
    const type = { 'content-type': 'text/event-stream; charset=utf-8' };
    const text = (ended: AbortSignal) =>
      liveText(path, { last, once, signal: ended, ...(every !== undefined && { every }) });
    return c.body(streamed(text, signal), 200, type);
  });
  app.get('/api/runs/:id/rollouts/:step/:row', async (c) => {
    const folder = await folderOf(c);
    const [step, place] = [Number(c.req.param('step')), Number(c.req.param('row'))];
    const row = (await readRollouts(folder, step)).find((one) => one.row === place);
    if (!row) throw new Refusal(404, `step ${step}, row ${place}: expected a rollout, got none.`);
    const query = (await readQueries(folder)).get(row.query) ?? '';
    return c.json<RolloutDetails>({ row, query });
  });
  app.post('/api/runs/:id/files/:name', async (c) => {
    const [folder, name] = [await folderOf(c), c.req.param('name')];
    const { files } = await describeRun(folder, c.req.param('id'));
    if (!shownFiles.includes(name) || !files.includes(name))
      throw new Refusal(404, `${name}: expected a file of the run, got none.`);
    return c.json<FileAddress>({ address: `/files/${tickets.give(join(folder, name))}` });
  });
  app.get('/files/:ticket', async (c) => {
    const file = tickets.take(c.req.param('ticket'));
    if (file === undefined) throw new Refusal(404, 'address: expected a new one, got an old one.');
    return c.body(new Uint8Array(await readFile(file)), 200, reportHeaders);
  });
  app.get('*', async (c) => {
    const file = c.req.path.startsWith('/api/') ? undefined : await pageFile(c.req.path);
    if (!file) throw new Refusal(404, `${c.req.path}: expected an address of the page, got none.`);
    const isKept = c.req.path.startsWith('/assets/');
    const kept = isKept ? 'public, max-age=31536000, immutable' : 'no-cache';
    const headers = { ...pageHeaders, 'content-type': file.type, 'cache-control': kept };
    return c.body(file.bytes, 200, headers);
  });
  app.notFound((c) => c.json<ApiError>({ error: `${c.req.path}: expected another address.` }, 404));
  app.onError((error, c) => {
    const status = error instanceof Refusal ? error.status : 500;
    const is = error instanceof TactfulError ? error.message : `internal: ${error.message}`;
    return c.json<ApiError>({ error: is }, status, apiHeaders);
  });
  return app;
}

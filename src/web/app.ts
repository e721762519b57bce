/** The dashboard's addresses: who asks is checked, and what goes wrong is told as JSON. */
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ApiError } from '../api.ts';
import { ofDisk } from '../disk/words.ts';
import { ConfigError, InputError, TactfulError, UnavailableError } from '../errors.ts';
import { deedRoutes } from './deed-routes.ts';
import { checkAsking } from './gate.ts';
import { apiHeaders, pageHeaders } from './headers.ts';
import { pageFile } from './page.ts';
import type { Env, Shared } from './parts.ts';
import { Refusal } from './refusal.ts';
import { reportRoutes } from './report-routes.ts';
import { runRoutes } from './run-routes.ts';
import { sampleRoutes } from './sample-routes.ts';

/** Bytes of a request: a form's settings, a text to answer. */
const bodyBytes = 256 * 1024;

/** The server's answers, without a port. */
export function dashboardApp(shared: Shared): Hono<Env> {
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    const { localPort = 0 } = c.env.incoming.socket;
    const header = (name: string) => c.req.header(name);
    const [host, origin, authorization] = ['host', 'origin', 'authorization'].map(header);
    checkAsking({ path: c.req.path, host, origin, authorization }, localPort, shared.token);
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
  for (const add of [runRoutes, deedRoutes, sampleRoutes, reportRoutes]) add(app, shared);
  app.get('*', page);
  app.notFound((c) => c.json<ApiError>({ error: `${c.req.path}: expected another address.` }, 404));
  app.onError((thrown, c) => {
    const error = ofDisk(thrown) as Error;
    const is = error instanceof TactfulError ? error.message : `internal: ${error.message}`;
    return c.json<ApiError>({ error: is }, statusOf(error), apiHeaders);
  });
  return app;
}

async function page(c: Context<Env>): Promise<Response> {
  const { path } = c.req;
  const file = path.startsWith('/api/') ? undefined : await pageFile(path);
  if (!file) throw new Refusal(404, `${path}: expected an address of the page, got none.`);
  const isKept = path.startsWith('/assets/');
  const kept = isKept ? 'public, max-age=31536000, immutable' : 'no-cache';
  const headers = { ...pageHeaders, 'content-type': file.type, 'cache-control': kept };
  return c.body(file.bytes, 200, headers);
}

function statusOf(error: Error) {
  if (error instanceof Refusal) return error.status;
  const isAsked = [ConfigError, InputError, UnavailableError].some((kind) => error instanceof kind);
  return isAsked ? 422 : 500;
}

/** I/O: the dashboard's server, on this machine alone. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { wordsOf } from '../disk/words.ts';
import { UnavailableError } from '../errors.ts';
import { type Dashboard, dashboardApp } from './app.ts';

export interface Served {
  readonly port: number;
  /** Address of the page, with the token in its fragment. */
  readonly url: string;
  /** Ends all connections. */
  close(): Promise<void>;
}

export interface ServeOptions extends Omit<Dashboard, 'signal'> {
  /** 0 is any that is free. */
  readonly port: number;
}

/** @throws {UnavailableError} when the port is taken */
export async function serveDashboard({ port, ...served }: ServeOptions): Promise<Served> {
  const ending = new AbortController();
  const { fetch } = dashboardApp({ ...served, signal: ending.signal });
  const server = createAdaptorServer({ fetch }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const [where, remedy] = [`port ${port}`, 'Name another one, or 0 for any.'];
      reject(new UnavailableError(where, 'a free one', wordsOf(cause), remedy, cause));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: at } = server.address() as AddressInfo;
  return {
    port: at,
    url: `http://127.0.0.1:${at}/#token=${served.token}`,
    close: () =>
      new Promise((resolve) => {
        ending.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

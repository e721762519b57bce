/** I/O: the dashboard's server, on this machine alone. */
import { setMaxListeners } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { wordsOf } from '../disk/words.ts';
import { UnavailableError } from '../errors.ts';
import { openIndex } from '../store/run-index/run-index.ts';
import { dashboardApp } from './app.ts';
import { newLauncher } from './launch.ts';
import type { Dashboard } from './parts.ts';
import { newPlayroom } from './playroom.ts';
import { Refusal } from './refusal.ts';

export interface Served {
  readonly port: number;
  readonly token: string;
  /** Address of the page, with the token in its fragment. */
  readonly url: string;
  /** Ends all connections; runs go on. */
  close(): Promise<void>;
}

export interface ServeOptions extends Dashboard {
  /** 0 is any that is free. */
  readonly port: number;
}

/** Milliseconds that the first look at many rollouts may take; the page asks again for the rest. */
const patience = 1000;

/** @throws {UnavailableError} when the port is taken */
export async function serveDashboard({ port, ...served }: ServeOptions): Promise<Served> {
  const { runs, token, program, open } = served;
  const ending = new AbortController();
  setMaxListeners(0, ending.signal); // each stream is one
  const index = await openIndex(runs, { patience });
  const launcher = newLauncher(runs, program);
  const playroom = newPlayroom(open ?? refuse);
  const shared = { ...served, index, launcher, playroom, signal: ending.signal };
  const { fetch } = dashboardApp(shared);
  const server = createAdaptorServer({ fetch }) as Server;
  try {
    await listen(server, port);
  } catch (error) {
    await index.close();
    throw error;
  }
  const { port: at } = server.address() as AddressInfo;
  return {
    ...{ port: at, token, url: `http://127.0.0.1:${at}/#token=${token}` },
    async close() {
      ending.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      await playroom.close();
      await index.close();
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const remedy = 'Name another `port`, or 0 for any.';
      const where = `port ${port}`;
      reject(new UnavailableError(where, 'a free one', wordsOf(cause), remedy, cause));
    });
    server.on('error', () => {}); // a connection that could not be taken ends nothing else
    server.listen(port, '127.0.0.1', resolve);
  });
}

async function refuse(): Promise<never> {
  throw new Refusal(409, 'playground: expected a server that can load policies, got another.');
}

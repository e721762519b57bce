import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { basename, join } from 'node:path';
import dynalite from 'dynalite';
import { expect } from 'vitest';
import { dynamoStore } from '../../src/store/dynamodb.ts';
import { dynamoRunStore } from '../../src/store/dynamodb-run-store.ts';
import { mlflowStore } from '../../src/store/mlflow.ts';
import { tensorboardStore } from '../../src/store/tensorboard.ts';
import { type Subject, storeContract } from './contract.ts';
import { listen } from './fault-proxy.ts';
import { type Logged, mlflowServer } from './mlflow-server.ts';
import { readEventFile } from './tfevents-reader.ts';

/** A server before another one, that stops answering after so many requests. */
async function cuttable(target: string) {
  let left = Number.POSITIVE_INFINITY;
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (left-- <= 0) return void response.destroy();
    const { host: _, connection: __, 'content-length': ___, ...headers } = request.headers;
    const answer = await fetch(`${target}${request.url}`, {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    const type = answer.headers.get('content-type') ?? 'application/json';
    response.writeHead(answer.status, { 'content-type': type });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  const address = await listen(server);
  return {
    ...{ server, address },
    async cut(requests: number) {
      left = requests;
    },
    async mend() {
      left = Number.POSITIVE_INFINITY;
    },
  };
}

function closing(...servers: readonly Server[]) {
  return async () => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  };
}

for (const key of ['conversation_id', 'run'] as const) {
  storeContract(`DynamoDB by ${key}`, async (): Promise<Subject> => {
    const database = dynalite({ createTableMs: 0 });
    const direct = await listen(database);
    const { server, address: endpoint, cut, mend } = await cuttable(direct);
    const common = { table: 'runs', key, tableItems: 'append' as const, createTable: true };
    const sleep = async () => {};
    return {
      open: () => dynamoRunStore({ ...common, endpoint, attempts: 3, sleep }),
      async read() {
        const store = await dynamoStore({ ...common, endpoint: direct });
        const items = await store.readAll();
        store.close();
        const runs = [...new Set(items.map((item) => item.run_id))];
        return Object.fromEntries(
          runs.map((run) => {
            const own = items.filter((item) => item.run_id === run);
            // where a run's items are numbered after others, that depends on these
            return [run, own.map(({ conversation_id: _, ...item }) => item)];
          }),
        );
      },
      ...{ cut, mend },
      close: closing(server, database),
    };
  });
}

storeContract('MLflow', async (): Promise<Subject> => {
  const mlflow = mlflowServer();
  const { server, address: trackingUri, cut, mend } = await cuttable(await listen(mlflow.server));
  return {
    open: () => mlflowStore({ trackingUri, env: {}, pauses: [] }),
    async read() {
      const standing = mlflow.runs.filter(({ deleted }) => !deleted);
      const names = standing.map(({ name }) => name);
      expect(names).toEqual([...new Set(names)]);
      return Object.fromEntries(
        standing.map(({ id, deleted: _, metrics, ...run }) => {
          const own = [...mlflow.files].filter(([path]) => path.split('/')[1] === id);
          const files = own.map(([path, bytes]) => [path.split('/').slice(2).join('/'), bytes]);
          return [run.name, { ...run, metrics: metrics.toSorted(byPlace), files }];
        }),
      );
    },
    ...{ cut, mend },
    close: closing(server, mlflow.server),
  };
});

/** Readers of MLflow sort metrics themselves. */
function byPlace(a: Logged, b: Logged): number {
  return a.key === b.key ? a.step - b.step || a.timestamp - b.timestamp : a.key < b.key ? -1 : 1;
}

storeContract('TensorBoard', async (): Promise<Subject> => {
  const place = (folder: string) => join(folder, 'tensorboard');
  const mend = (folder: string) => rm(place(folder), { recursive: true, force: true });
  return {
    open: () => tensorboardStore(),
    async read(folders) {
      const told = folders.map(async (folder) => {
        const names = (await readdir(place(folder))).sort();
        const files = names.map((name) => readFile(join(place(folder), name)));
        return [basename(folder), (await Promise.all(files)).flatMap(readEventFile)] as const;
      });
      return Object.fromEntries(await Promise.all(told));
    },
    /** A file in the place of its folder lets nothing be written. */
    async cut(requests, folder) {
      if (requests === 0) await writeFile(place(folder), '');
      else await mend(folder);
    },
    mend: async () => {},
    close: async () => {},
  };
});

/** A dashboard's server on a folder of runs, for tests: real, on a port of its own. */
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobEvent } from '../../src/events.ts';
import { type DashboardOptions, startDashboard } from '../../src/web/dashboard.ts';

export const started: JobEvent = {
  ...{ type: 'started', job: 'detox', runId: 'mine', time: '2026-11-29T05:00:00.000Z' },
  ...{ version: '1', steps: 4, config: { model: 'm', algorithm: 'ppo', seed: 3 }, engine: 'none' },
  data: { rows: 1, kept: 1, train: 1, test: 1 },
};
export const step = (number: number, reward = number / 10): JobEvent => ({
  ...{ type: 'step', step: number, steps: 4, metrics: { 'env/reward_mean': reward } },
});
export const finished: JobEvent = { type: 'finished', steps: 4, seconds: 9 };

export async function runsFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'tactful-web-'));
  const log = async (id: string, ...events: readonly JobEvent[]) => {
    await mkdir(join(folder, id), { recursive: true });
    const text = events.map((one) => `${JSON.stringify(one)}\n`).join('');
    await appendFile(join(folder, id, 'events.jsonl'), text);
  };
  const rewrite = async (id: string, ...events: readonly JobEvent[]) => {
    await rm(join(folder, id, 'events.jsonl'));
    await log(id, ...events);
  };
  /** This process is at work in the run. */
  const hold = (id: string) => writeFile(join(folder, id, 'lock'), `${process.pid}\n`);
  return { folder, log, rewrite, hold, remove: () => rm(folder, { recursive: true }) };
}

export async function serve(runs: string, options: Partial<DashboardOptions> = {}) {
  const served = await startDashboard({ runs, every: 5, ...options });
  const root = `http://127.0.0.1:${served.port}`;
  const authorization = `Bearer ${served.token}`;
  const get = (path: string, headers: Record<string, string> = {}) =>
    fetch(`${root}${path}`, { headers: { authorization, ...headers } });
  const post = (path: string, body: unknown) =>
    fetch(`${root}${path}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  return { ...served, root, authorization, get, post };
}

export interface RawAnswer {
  readonly status: number;
  readonly text: string;
}

/** A request as no browser would send it: any headers, any path. */
export function raw(
  port: number,
  path: string,
  headers: Record<string, string>,
  body?: string,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const asking = request({ host: '127.0.0.1', port, path, headers, method }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asking.on('error', reject).end(body);
  });
}

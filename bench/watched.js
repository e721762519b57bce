/** What a page that watches and three stores cost a training: with and without, in turn. I/O. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { UnavailableError } from '../dist/errors.js';
import { measure } from './measure.js';

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));
/** Steps of a training; the first two, which warm up, do not count. */
const steps = 42;
const few = ['--samples', '8', '--guards', 'off', '--checkpoint-every', '0', '--quiet'];

/** Steps of the demo as processes; each repetition has one training of either kind. */
export async function watched({ reps, threads }) {
  const servers = spawn(process.execPath, [pathOf('store-servers.js')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // they stand for servers on other machines: what they compute is not what is asked here
  setPriority(servers.pid, constants.priority.PRIORITY_BELOW_NORMAL);
  try {
    const [line] = await once(createInterface(servers.stdout), 'line');
    const addresses = JSON.parse(line);
    const pairs = [];
    for (let rep = 0; rep < reps; rep++) {
      const pair = {};
      for (const kind of rep % 2 === 0 ? ['alone', 'watched'] : ['watched', 'alone'])
        pair[kind] = await training(kind === 'watched' ? addresses : undefined, threads);
      pairs.push(pair);
    }
    const all = (kind, what) => pairs.map((pair) => pair[kind][what]);
    const longer = (what) =>
      pairs.map(({ alone, watched: other }) => 100 * (other[what] / alone[what] - 1));
    return {
      setting: { model: 'demo', steps, threads, stores: 'dynamodb, tensorboard, mlflow' },
      measures: [
        measure('steps, alone', 's', all('alone', 'steps')),
        measure('steps, watched and stored', 's', all('watched', 'steps')),
        measure('steps longer by', '%', longer('steps')),
        measure('whole run, alone', 's', all('alone', 'whole')),
        measure('whole run, watched and stored', 's', all('watched', 'whole')),
        measure('whole run longer by', '%', longer('whole')),
      ],
    };
  } finally {
    servers.stdin.end();
  }
}

/** Seconds of the steps that count together, and of the whole run. */
async function training(addresses, threads) {
  const folder = mkdtempSync(join(tmpdir(), 'tactful-bench-'));
  const output = join(folder, 'run');
  const [endpoint, mlflow] = addresses ?? [];
  const stores = ['--store', 'dynamodb,tensorboard,mlflow', '--create-table', '--table-items'];
  const words = addresses ? [...stores, 'replace', '--endpoint', endpoint, '--json', '--ui'] : [];
  const line = ['detox', '--steps', `${steps}`, '--threads', `${threads}`, '--output', output];
  const keys = { AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'bench', AWS_REGION: 'local' };
  const env = { ...process.env, ...keys, ...(mlflow && { MLFLOW_TRACKING_URI: mlflow }) };
  const child = spawn(
    process.execPath,
    [pathOf('../dist/cli/main.js'), ...line, ...few, ...words],
    {
      ...{ env, stdio: ['ignore', 'ignore', 'pipe'] },
    },
  );
  const told = [];
  const page = new AbortController();
  for await (const text of linesOf(child, told)) {
    const address = /The page is at (\S+)/.exec(text)?.[1];
    if (address) void watch(address, page.signal);
    if (text.includes('The page stays')) child.kill('SIGINT');
  }
  page.abort();
  try {
    if (child.exitCode !== 0 && child.exitCode !== 130 && child.signalCode !== 'SIGINT')
      throw new UnavailableError('detox', 'exit code 0', `${child.exitCode}`, told.join('\n'));
    const events = readFileSync(join(output, 'events.jsonl'), 'utf8').trim().split('\n');
    const all = events.map((text) => JSON.parse(text));
    const counted = all.filter(({ type }) => type === 'step').slice(2);
    return {
      steps: counted.reduce((sum, { metrics }) => sum + metrics['time/step'], 0),
      whole: all.find(({ type }) => type === 'finished').seconds,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Lines of the standard error output, until the process has gone. */
async function* linesOf(child, told) {
  const gone = once(child, 'exit');
  for await (const text of createInterface(child.stderr)) {
    told.push(text);
    yield text;
  }
  await gone;
}

/** What a page does that shows a run and its samples. */
async function watch(address, signal) {
  const [root, token] = address.split('/#token=');
  const get = (path) =>
    fetch(root + path, { headers: { authorization: `Bearer ${token}` }, signal });
  const events = async () => {
    for await (const _ of (await get('/api/runs/run/events')).body);
  };
  while (!signal.aborted && !(await get('/api/runs/run').catch(() => ({ ok: false }))).ok)
    await setTimeout(200);
  events().catch(() => {});
  while (!signal.aborted) {
    for (const path of ['/api/runs/run', '/api/runs', '/api/rollouts?sort=score&limit=50'])
      await get(path)
        .then((answer) => answer.text())
        .catch(() => {});
    await setTimeout(3000, undefined, { signal }).catch(() => {});
  }
}

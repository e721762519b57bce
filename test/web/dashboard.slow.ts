import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type {
  ComparedWindow,
  JobForm,
  PlaygroundAnswer,
  RolloutDetails,
  RolloutWindow,
  RunDetails,
  Started,
} from '../../src/api.ts';
import { openDashboard } from '../../src/cli/dashboard.ts';
import { followRun } from '../../src/cli/follow-run.ts';
import { isHeld } from '../../src/store/lock.ts';

test('a run that was started from the page outlives the server and its terminal', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tactful-dashboard-'));
  const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
  const words = [main, 'ui', '--runs', folder, '--json'];
  const ui = spawn(process.execPath, words, {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = await once(createInterface(ui.stdout), 'line');
  const [root, token] = JSON.parse(line).url.split('/#token=');
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ job: 'detox', settings: { preset: 'demo', steps: 3, samples: 4 } });
  const answer = await fetch(`${root}/api/runs`, { method: 'POST', headers, body });
  const { id } = (await answer.json()) as Started;
  process.kill(-ui.pid!, 'SIGINT'); // Ctrl-C goes to all that its terminal holds
  await once(ui, 'exit');
  const wait = () => setTimeout(50);
  let last = '';
  const signal = new AbortController().signal;
  for await (const run of followRun(join(folder, id), { signal, wait })) last = run.state;
  expect(last).toBe('ended');
  const log = await readFile(join(folder, id, 'events.jsonl'), 'utf8');
  expect(log).toContain('"type":"finished"');
  while (await isHeld(join(folder, id))) await wait();
  await rm(folder, { recursive: true });
});

test('the demo is started, stopped, taken up and looked at from the page', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tactful-dashboard-'));
  const { port, token, close } = await openDashboard({ runs: folder, port: 0 });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const ask = async <Answer>(path: string, body?: unknown) => {
    const sent = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers, ...sent });
    return { status: answer.status, is: (await answer.json()) as Answer & { error?: string } };
  };
  const until = async (id: string, is: (run: RunDetails) => boolean) => {
    for (;;) {
      const { is: run } = await ask<RunDetails>(`/api/runs/${id}`);
      if (is(run)) return run;
      await setTimeout(50);
    }
  };
  try {
    const { is: forms } = await ask<readonly JobForm[]>('/api/jobs');
    expect(forms.map(({ job }) => job)).toContain('detox');
    const demo = { preset: 'demo', steps: 6, samples: 8, seed: 1 };
    const wrong = await ask<Started>('/api/runs', {
      job: 'detox',
      settings: { ...demo, stepz: 1 },
    });
    expect(wrong).toEqual({
      status: 422,
      is: { error: 'settings: expected a known setting, got "stepz". Did you mean "steps"?' },
    });
    const { is } = await ask<Started>('/api/runs', { job: 'detox', settings: demo });
    const { id } = is;
    await until(id, ({ step }) => step >= 1);
    expect((await ask(`/api/runs/${id}/stop`, {})).status).toBe(202);
    const { step } = await until(id, ({ state }) => state === 'stopped');
    expect(step).toBeLessThan(6);
    expect((await ask(`/api/runs/${id}/resume`, {})).status).toBe(202);
    const run = await until(id, ({ state }) => state === 'finished');
    expect(run).toMatchObject({ step: 6, files: ['report.html'], config: { seed: 1 } });

    const rollouts = await ask<RolloutWindow>(`/api/rollouts?runs=${id}&step=6&sort=score&limit=5`);
    const [first, ...rest] = rollouts.is.rows;
    expect(rest.every(({ score }) => score >= first.score)).toBe(true);
    const one = await ask<RolloutDetails>(`/api/runs/${id}/rollouts/6/${first.row}`);
    expect(one.is).toMatchObject({ row: { response: first.response } });
    expect(one.is.row.tokens?.ids).toHaveLength(first.length);
    const compared = await ask<ComparedWindow>(`/api/compared?runs=${id}&limit=1`);
    expect(compared.is.total).toBe(8);
    for (const asked of ['sort=none', 'limit=-1', 'step=x', 'limit=9999'])
      expect((await ask(`/api/rollouts?${asked}`)).status).toBe(400);

    const text = 'A: You are an idiot!\nB: And you are a fool.';
    const play = { run: id, text, seed: 4 };
    const answers = await ask<PlaygroundAnswer>('/api/playground', play);
    for (const side of [answers.is.before, answers.is.after]) {
      expect(side.response).not.toBe('');
      expect(side.toxicity).toBeGreaterThanOrEqual(0);
    }
    expect(await ask('/api/playground', play)).toEqual(answers);
    expect((await ask('/api/playground', { run: id, text: '' })).status).toBe(400);
  } finally {
    await close();
    await rm(folder, { recursive: true });
  }
}, 300_000);

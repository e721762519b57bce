import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
});

/** TensorBoard's files, read by TensorBoard's own reader with its limits lifted. */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import type { JobEvent } from '../../src/events.ts';
import { histogramsOf, samplesOf } from '../../src/store/rollout-curves.ts';
import type { Position } from '../../src/store/store.ts';
import { tensorboardStore } from '../../src/store/tensorboard.ts';
import { scratchFolders } from '../hub/folder.ts';
import { evaluated, events, madeRun, rollouts, started, stepEvent } from '../store/made-run.ts';
import { interpreter, python } from './python.ts';

interface Theirs {
  readonly scalars: Readonly<
    Record<string, readonly [step: number, value: number, time: number][]>
  >;
  readonly histograms: Readonly<Record<string, readonly [step: number, histogram: object][]>>;
  readonly texts: Readonly<Record<string, readonly [step: number, text: string][]>>;
}

const script = 'tensorboard_events.py';
const scratch = scratchFolders();
const begun = Date.parse(started.time) / 1000;
const store = tensorboardStore();

async function deliver(folder: string, log: readonly JobEvent[], from: Position = { events: 0 }) {
  let position = from;
  for await (const reached of store.deliver(madeRun(folder, log), from)) position = reached;
  return position;
}

function curve(log: readonly JobEvent[], name: string) {
  const steps = log.filter((event) => event.type === 'step');
  return steps.map(({ step, metrics }) => [step, Math.fround(metrics[name]), begun + 2 * step]);
}

test('every number of 10,500 steps, every histogram and every text is read', async () => {
  const folder = await scratch();
  const log = [...events(10_500), evaluated('after', 0.25)];
  await deliver(folder, log);
  const theirs = await python<Theirs>(script, [join(folder, 'tensorboard')], {}, 'curves');
  const names = ['objective/kl', 'ppo/loss/policy', 'env/reward_mean', 'time/step'];
  for (const name of names) expect(theirs.scalars[name]).toEqual(curve(log, name));
  expect(theirs.scalars['evaluated/reward'].map(([step, value]) => [step, value])).toEqual([
    [0, 0.5],
    [10_500, 0.25],
  ]);
  const queries = await madeRun(folder, log).queries();
  for (const step of [1, 10_499]) {
    const rows = rollouts(step);
    const ours = Object.entries(histogramsOf(rows)).map(([name, one]) => {
      const { min, max, count: num, sum, limits, counts } = one;
      return [name, { min, max, num, sum, limits, counts }];
    });
    const found = ours.map(([name]) => {
      const all = new Map(theirs.histograms[name as string]);
      return [name, all.get(step)];
    });
    expect(found).toEqual(ours);
    expect(new Map(theirs.texts.rollouts).get(step)).toBe(samplesOf(rows, queries));
  }
  expect(theirs.texts.rollouts).toHaveLength(10_500);
});

test('a reader that shows a run already forgets what the run went back behind', async () => {
  const folder = await scratch();
  const position = await deliver(folder, events(6));
  const program = resolve('test/interop/python', script);
  const reader = spawn(interpreter('curves'), [program, join(folder, 'tensorboard'), 'again'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const lines = createInterface(reader.stdout)[Symbol.asyncIterator](); // ends where it dies
  expect((await lines.next()).value).toBe('read');
  const resumed: JobEvent = {
    ...{ type: 'resumed', step: 2, steps: 6, time: '2026-11-29T06:00:00.000Z' },
    ...{ version: '1', engine: 'none', notes: [] },
  };
  const again = [...events(2), resumed, stepEvent(3, 1), stepEvent(4, 1)];
  await deliver(folder, again, await store.rewind(madeRun(folder, again), position, 4));
  reader.stdin.end('go on\n');
  const theirs: Theirs = JSON.parse((await lines.next()).value);
  expect(theirs.scalars['objective/kl']).toEqual(curve(again, 'objective/kl'));
  for (const shown of [theirs.texts.rollouts, theirs.histograms['env/reward_dist']]) {
    expect(shown.map(([step]) => step)).toEqual([1, 2, 3, 4]);
  }
});

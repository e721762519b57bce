/** Guards in a run: what they tell, where it goes back to, and that a run that goes on does the same. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import type { RunEvent } from '../../../src/events.ts';
import { DetoxConfig } from '../../../src/jobs/detox/config.ts';
import type { JobContext } from '../../../src/jobs/kind.ts';
import { detox } from '../../../src/jobs/library.ts';
import type { Engine } from '../../../src/runtime/engine.ts';
import { testEngine } from '../../engine.ts';
import { steadyLog } from '../log.ts';
import { tinySettings } from './tiny.ts';

type Options = Partial<z.input<typeof DetoxConfig>>;

let engine: Engine;
let folder: string;
let settings: Awaited<ReturnType<typeof tinySettings>>;
let runs = 0;
beforeAll(async () => {
  engine = await testEngine();
  folder = await mkdtemp(join(tmpdir(), 'tactful-guards-'));
  settings = await tinySettings(folder);
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});
const newOutput = () => join(folder, `run-${++runs}`);

/** A run that is well at first, and then goes too far. */
const wild: Options = {
  ...{ steps: 12, batchSize: 4, miniBatchSize: 4, ppoEpochs: 4, learningRate: 0.02, warmup: 4 },
  ...{ initKlCoef: 0, checkpointEvery: 2, keepCheckpoints: 1, maxNewTokens: 8 },
  ...{ samples: 6, guardEvery: 2, guardSamples: 6, testShare: 0.3 },
};

interface Start {
  readonly output?: string;
  readonly options?: Options;
  readonly context?: Partial<JobContext>;
  readonly crashAfter?: (event: RunEvent) => boolean;
  readonly stopAfter?: (event: RunEvent) => boolean;
}

async function start({ output, options = {}, context, crashAfter, stopAfter }: Start) {
  const config = DetoxConfig.parse({ ...settings, ...wild, ...options });
  const controller = new AbortController();
  const { signal } = controller;
  const events: RunEvent[] = [];
  const place = output === undefined ? {} : { output };
  for await (const event of detox(config, { engine, version: '1', signal, ...place, ...context })) {
    events.push(event);
    if (crashAfter?.(event)) break;
    if (stopAfter?.(event)) controller.abort();
  }
  return events;
}

const of = <T extends RunEvent['type']>(events: readonly RunEvent[], type: T) =>
  events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
const adapterIn = (output: string, ...place: string[]) =>
  readFile(join(output, ...place, 'adapter', 'adapter_model.safetensors'), 'base64');

/** What must not depend on how often it was stopped. */
async function resultOf(output: string) {
  const log = await steadyLog(join(output, 'events.jsonl'));
  const steady = log.map((event) => {
    const { metrics = {}, ...rest } = event as {
      readonly metrics?: Readonly<Record<string, number>>;
    };
    const kept = Object.entries(metrics).filter(([name]) => !name.startsWith('time/'));
    return { ...rest, metrics: Object.fromEntries(kept) };
  });
  const samples = await readFile(join(output, 'samples-after.jsonl'), 'utf8');
  return { adapter: await adapterIn(output), samples, log: steady };
}

describe('a training that goes too far', () => {
  let output: string;
  let events: RunEvent[];
  let back: { from: number; to: number; guard: string };
  beforeAll(async () => {
    output = newOutput();
    events = await start({ output });
    const [{ rolledBack }] = of(events, 'finished');
    back = rolledBack ?? { from: -1, to: -1, guard: '' };
  });

  test('ends where a guard sees it, and its result is the last step that was well', async () => {
    expect(back.from).toBeGreaterThan(5);
    expect(back.from).toBeLessThan(12);
    const well =
      of(events, 'checked')
        .filter((check) => check.well)
        .at(-1)?.step ?? 0;
    expect(back.to).toBe(well);
    expect(of(events, 'step').at(-1)?.step).toBe(back.from);
    const guarded = of(events, 'guarded');
    expect(guarded[0]).toMatchObject({ step: back.from, action: 'rolled back', to: well });
    expect(guarded[0].samples.length).toBeGreaterThan(0);
    if (well > 0) {
      const name = `step-${String(well).padStart(6, '0')}`;
      expect(await readdir(join(output, 'checkpoints'))).toContain(name);
      expect(await adapterIn(output)).toBe(await adapterIn(output, 'checkpoints', name));
    }
    expect(of(events, 'evaluated').at(-1)?.when).toBe('after');
    expect(of(events, 'compared')).toHaveLength(1);
  });

  test('is the same without a folder', async () => {
    const bare = await start({});
    expect(of(bare, 'finished')[0].rolledBack).toEqual(back);
    expect(of(bare, 'evaluated').at(-1)).toEqual(of(events, 'evaluated').at(-1));
  });

  test.each<[string, Pick<Start, 'crashAfter' | 'stopAfter'>]>([
    ['a crash after the guard spoke', { crashAfter: ({ type }) => type === 'guarded' }],
    ['a crash while it measures what it went back to', { crashAfter: isMeasuringAfter }],
    ['Ctrl-C when the guard speaks', { stopAfter: ({ type }) => type === 'guarded' }],
    ['Ctrl-C after a look', { stopAfter: ({ type }) => type === 'checked' }],
    ['Ctrl-C in a look', { stopAfter: (one) => one.type === 'progress' && one.phase === 'guard' }],
    ['Ctrl-C between two looks', { stopAfter: (one) => one.type === 'step' && one.step === 3 }],
    ['a crash between two looks', { crashAfter: (one) => one.type === 'step' && one.step === 5 }],
  ])('ends with the same bytes after %s', async (_, how) => {
    const other = newOutput();
    await start({ output: other, ...how }).catch(() => []);
    const rest = await start({ output: other, context: { resume: true } });
    expect(of(rest, 'finished')).toHaveLength(1);
    expect(await resultOf(other)).toEqual(await resultOf(output));
  });

  test('goes on where guards only warn, and each is told once while it is seen', async () => {
    const warned = await start({ options: { guards: 'warn' } });
    expect(of(warned, 'step')).toHaveLength(12);
    expect(of(warned, 'finished')[0]).not.toHaveProperty('rolledBack');
    expect(of(warned, 'guarded')[0]).toMatchObject({ step: back.from, action: 'warned' });
  });

  test('has validation prompts looked at where there are some', async () => {
    const options: Options = { evaluateEvery: 4, validationSamples: 8, guardSamples: 8 };
    const apart = await start({ options });
    expect(of(apart, 'checked')[0].n).toBe(8);
    const phases = apart.flatMap((event) => (event.type === 'progress' ? [event.phase] : []));
    expect(phases.indexOf('guard')).toBeGreaterThan(phases.indexOf('measure before'));
    expect(phases.indexOf('guard')).toBeLessThan(phases.indexOf('calibrate'));
  });
});

function isMeasuringAfter(event: RunEvent): boolean {
  return event.type === 'progress' && event.phase === 'measure after' && event.done === 0;
}

test('guards change no number of a training in which they see nothing', async () => {
  const calm: Options = { learningRate: 1e-5, steps: 4, warmup: 0 };
  const [on, off] = [newOutput(), newOutput()];
  const looked = await start({ output: on, options: calm });
  const alone = await start({ output: off, options: { ...calm, guards: 'off' } });
  expect(of(looked, 'checked')).toHaveLength(2);
  expect(of(alone, 'checked')).toEqual([]);
  expect(await adapterIn(on)).toBe(await adapterIn(off));
  const after = (events: readonly RunEvent[]) => of(events, 'compared')[0].comparison;
  expect(after(looked)).toEqual(after(alone));
});

test('a run of an earlier version, which had none, goes on without them', async () => {
  const output = newOutput();
  await start({ output, crashAfter: ({ type }) => type === 'checked' });
  for (const name of await readdir(join(output, 'checkpoints'))) {
    const path = join(output, 'checkpoints', name, 'state.json');
    const { config, memory, ...record } = JSON.parse(await readFile(path, 'utf8'));
    const { guards: _, guardEvery: __, guardSamples: ___, ...then } = config;
    const { guards: ____, ...remembered } = memory;
    await writeFile(path, JSON.stringify({ ...record, config: then, memory: remembered }));
  }
  const options: Options = { guardEvery: 10, guardSamples: 64 };
  const rest = await start({ output, options, context: { resume: true } });
  expect(of(rest, 'step').at(-1)?.step).toBe(12);
  expect([...of(rest, 'checked'), ...of(rest, 'guarded')]).toEqual([]);
  const off = newOutput();
  await start({ output: off, options: { guards: 'off' } });
  expect(await adapterIn(output)).toBe(await adapterIn(off));
});

/** Supervised jobs that take a moment: models of one layer, a dozen short examples. */
import { copyFile, cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { logName } from '../../src/disk/result-folder.ts';
import type { JobEvent } from '../../src/events.ts';
import { ClassifyConfig } from '../../src/jobs/classify-config.ts';
import type { JobContext } from '../../src/jobs/kind.ts';
import { sft, trainClassifier } from '../../src/jobs/library.ts';
import { SftConfig } from '../../src/jobs/sft-config.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { scratchFolders } from '../hub/folder.ts';
import { shallowRoberta, shallowT5 } from '../shallow.ts';
import { steadyLog } from './log.ts';

type Event = JobEvent<{ readonly loss: number }>;
type Settings = Readonly<Record<string, unknown>>;

/** One start of a job in a folder. */
export interface Start {
  readonly output: string;
  /** Over those of the job. */
  readonly settings?: Settings;
  readonly context?: Partial<JobContext>;
  /** Stops reading after an event, as a crash would. */
  readonly crashAfter?: (event: Event) => boolean;
  /** Ctrl-C after an event. */
  readonly stopAfter?: (event: Event) => boolean;
}

export type Job = (start: Start) => Promise<Event[]>;

/** Models and data that are put into a folder. */
async function tinyParts(folder: string) {
  const model = await shallowT5(join(folder, 't5'));
  const classifier = await shallowRoberta(join(folder, 'roberta'));
  const modelConfig = join(folder, 'config.json');
  await copyFile(join(classifier, 'config.json'), modelConfig);
  const dialogues = join(folder, 'dialogues.jsonl');
  const rows = Array.from({ length: 15 }, (_, i) => ({ dialogue: `Is it ${i}?`, summary: `${i}` }));
  await writeFile(dialogues, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const texts = join(folder, 'texts.csv');
  const lines = rows.map((_, i) => (i % 2 ? `thanks ${i},0` : `fool ${i},1`));
  await writeFile(texts, `text,label\n${lines.join('\n')}\n`);
  return { model, classifier, modelConfig, dialogues, texts };
}

/** Ways to start each kind of job, with six steps, on models and data that are put into a folder. */
export async function tinyJobs(engine: Engine, folder: string) {
  const parts = await tinyParts(folder);
  const { model, classifier, modelConfig } = parts;
  const often = { batchSize: 4, warmup: 1, evaluateEvery: 2, checkpointEvery: 2 };
  const summaries = { minimumLength: 0, maxResponseTokens: 3, evaluationSamples: 1 };
  const policy = { ...often, ...summaries, model, data: parts.dialogues, loraRank: 2, epochs: 2 };
  const judge = { ...often, data: parts.texts, epochs: 3, learningRate: 1e-3 };
  const job =
    (own: Settings, run: (settings: Settings, context: JobContext) => AsyncIterable<Event>): Job =>
    (start) =>
      eventsOf(start, engine, (context) => run({ ...own, ...start.settings }, context));
  const teach = (settings: Settings, context: JobContext) =>
    sft(SftConfig.parse(settings), context);
  const train = (settings: Settings, context: JobContext) =>
    trainClassifier(ClassifyConfig.parse(settings), context);
  const jobs = {
    adapter: job({ ...policy, learningRate: 0.02 }, teach),
    'whole model': job({ ...policy, full: true }, teach),
    'fresh classifier': job({ ...judge, modelConfig, tokenizer: classifier }, train),
    'trained classifier': job({ ...judge, model: classifier }, train),
  };
  return { jobs, ...parts };
}

async function eventsOf(
  { output, context, crashAfter, stopAfter }: Start,
  engine: Engine,
  job: (context: JobContext) => AsyncIterable<Event>,
): Promise<Event[]> {
  const controller = new AbortController();
  const { signal } = controller;
  const told: Event[] = [];
  for await (const event of job({ engine, output, version: '1', signal, ...context })) {
    told.push(event);
    if (crashAfter?.(event)) break;
    if (stopAfter?.(event)) controller.abort();
  }
  return told;
}

export const resume = { context: { resume: true } };
export const isStep = (number: number) => (event: Event) =>
  event.type === 'step' && event.step === number;
export const isMeasured = (number: number) => (event: Event) =>
  event.type === 'validated' && event.step === number;

/** In the midst of the measurement after a step. */
export function isMeasuring(number: number) {
  let step = 0;
  return (event: Event) => {
    if (event.type === 'step') step = event.step;
    return event.type === 'progress' && step === number;
  };
}

/** All files of a folder but the log, by name, as text that compares fast. */
export async function filesIn(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== logName);
  const paths = files.map((file) => join(file.parentPath, file.name)).sort();
  const read = async (path: string) => [
    path.slice(folder.length + 1),
    await readFile(path, 'base64'),
  ];
  return Object.fromEntries(await Promise.all(paths.map(read)));
}

/** What is told of the training, each thing once: what a crash cost is told again. */
function trainingOf(...starts: readonly (readonly Event[])[]) {
  const isTraining = (event: Event) =>
    event.type === 'step' ||
    event.type === 'validated' ||
    (event.type === 'evaluated' && event.when !== 'after');
  const keyOf = (event: Event) =>
    event.type === 'validated' ? `${event.type} ${event.step}` : JSON.stringify(event);
  const told = starts.flat().filter(isTraining);
  return [...new Map(told.map((event) => [keyOf(event), event])).values()];
}

/** A job that nothing disturbs: what it told and left. */
export async function undisturbed(job: Job, { output, settings = {} }: Start) {
  const events = await job({ output, settings });
  const log = await steadyLog(join(output, logName));
  return { events, settings, files: await filesIn(output), log };
}

export type Undisturbed = Awaited<ReturnType<typeof undisturbed>>;

/** Expects that the result in a folder and the last start's end are those of another job. */
export async function expectResult(
  output: string,
  last: readonly Event[],
  expected: Undisturbed,
): Promise<void> {
  const files = await filesIn(output);
  expect(Object.keys(files)).toEqual(Object.keys(expected.files));
  for (const name of Object.keys(files)) {
    expect(files[name] === expected.files[name], name).toBe(true);
  }
  expect(await steadyLog(join(output, logName))).toEqual(expected.log);
  const end = (events: readonly Event[]) => ({ ...events.at(-1), seconds: 0, peakMemory: 0 });
  expect(end(last)).toEqual(end(expected.events));
  expect(await readdir(dirname(output))).toEqual(['result']);
}

/** Disturbs a job, goes on with it, and expects the end of one that was left alone. */
export async function expectSame(
  job: Job,
  { output, ...how }: Start,
  expected: Undisturbed,
): Promise<{ first: Event[]; second: Event[] }> {
  const { settings } = expected;
  const first = await job({ output, settings, ...how });
  expect(await readdir(output)).not.toContain('lock');
  const second = await job({ output, settings, ...resume });
  await expectResult(output, second, expected);
  expect(trainingOf(first, second)).toEqual(trainingOf(expected.events));
  return { first, second };
}

/** What the tests of going on begin with, made before all of them. */
export interface StoppedJob {
  engine: Engine;
  tiny: Awaited<ReturnType<typeof tinyJobs>>;
  job: Job;
  /** The folder of the job that nothing disturbed. */
  finished: string;
  whole: Undisturbed;
  /** A job that was stopped after its fifth step; the best so far is that after step 4. */
  stopped: string;
  /** A new empty folder. */
  scratch(): Promise<string>;
  newOutput(): Promise<string>;
  /** A copy of the stopped job, to change or to go on with. */
  copyOfStopped(): Promise<string>;
}

/** Makes it before the tests of a file; to be read in them. */
export function stoppedJob(): StoppedJob {
  const scratch = scratchFolders();
  const newOutput = async () => join(await scratch(), 'result');
  const made = { newOutput, scratch } as StoppedJob;
  made.copyOfStopped = async () => {
    const output = await newOutput();
    await cp(made.stopped, output, { recursive: true });
    return output;
  };
  beforeAll(async () => {
    const engine = await testEngine();
    const tiny = await tinyJobs(engine, await scratch());
    const job = tiny.jobs['trained classifier'];
    const [finished, stopped] = [await newOutput(), await newOutput()];
    const whole = await undisturbed(job, { output: finished });
    await job({ output: stopped, stopAfter: isStep(5) });
    Object.assign(made, { engine, tiny, job, finished, whole, stopped });
  });
  afterAll(() => made.engine.close());
  return made;
}

/** `training.json` of a result. */
export async function recordIn(folder: string) {
  return JSON.parse(await readFile(join(folder, 'training.json'), 'utf8'));
}

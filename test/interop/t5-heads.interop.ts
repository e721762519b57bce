/**
 * T5 and mT5, tied and untied, saved by transformers 4, by 5, and by 5 of what 4 saved; plain and with
 * an adapter merged in: read by tactful, and what tactful writes of them read by 4 and by 5. Greedy
 * ids and first logits.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mergeToFolder } from '../../src/export/merged-folder.ts';
import { writeModelFolder } from '../../src/family/model-folder.ts';
import { loadPolicy } from '../../src/model/load.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { scratchFolders } from '../hub/folder.ts';
import { logitsTolerance } from '../tensors.ts';
import { eachTransformers, python, type Transformers } from './python.ts';
import '../setup.ts';

/** Of each query: greedy ids without the start, and the logits of the first. */
interface Judged {
  readonly greedy: readonly (readonly number[])[];
  readonly logits: readonly (readonly number[])[];
}
type Results = Readonly<Record<string, Judged>>;

// as in heads.py
const queries = [
  [5, 17, 9, 1],
  [33, 4, 8, 15, 16, 23, 2, 1],
];
const greedy = GenerationConfig.parse({ sample: false, maxNewTokens: 12 });

const savedBy = ['4', '5', '4 and again by 5'] as const;
type SavedBy = (typeof savedBy)[number];
const models = ['t5-tied', 't5-untied', 'mt5-tied', 'mt5-untied'] as const;
/** Plain, merged by PEFT, and merged by tactful. */
const states = ['plain', 'merged', 'merged here'] as const;

const scratch = scratchFolders();
let engine: Engine;
let home: string;
/** What the model computes according to whoever saved it, by folder. */
const truth: Record<string, Judged> = {};
/** What transformers 4 and 5 compute of what tactful has written, by folder. */
const read: Partial<Record<Transformers, Results>> = {};

const heads = (by: Transformers, ...args: string[]) =>
  python<{ results: Results }>('heads.py', args, {}, by);
const placeOf = (by: SavedBy) => join(home, by.replaceAll(' ', '-'));
const folderOf = (by: SavedBy, model: string, state: (typeof states)[number]) =>
  join(
    placeOf(by),
    { plain: model, merged: `${model}-merged`, 'merged here': `${model}-here` }[state],
  );

beforeAll(async () => {
  engine = await testEngine();
  home = await scratch();
  for (const by of eachTransformers) {
    const place = placeOf(`${by}`);
    const { results } = await heads(by, 'make', place);
    for (const model of models) {
      truth[join(place, model)] = results[model];
      truth[join(place, `${model}-merged`)] = results[`${model}-adapted`];
      truth[join(place, `${model}-here`)] = results[`${model}-adapted`];
    }
  }
  const [four, again] = [placeOf('4'), placeOf('4 and again by 5')];
  await mkdir(again);
  const { results } = await heads(5, 'resave', four, again);
  for (const [name, judged] of Object.entries(results)) truth[join(again, name)] = judged;

  const written: string[] = [];
  for (const by of savedBy) {
    for (const model of models) {
      const from = by === '5' ? placeOf('5') : four;
      const output = folderOf(by, model, 'merged here');
      const base = folderOf(by, model, 'plain');
      await mergeToFolder({
        model: base,
        adapter: join(from, `${model}-adapter`),
        output,
        version: '',
      });
      for (const state of states) {
        const folder = folderOf(by, model, state);
        await rewrite(folder, `${folder}-written`);
        written.push(`${folder}-written`, ...(state === 'merged here' ? [folder] : []));
      }
    }
  }
  for (const by of eachTransformers) read[by] = (await heads(by, 'read', ...written)).results;
});
afterAll(() => engine.close());

/** As `sft --full` writes what it has trained: every weight. */
async function rewrite(folder: string, output: string): Promise<void> {
  const { policy } = await loadPolicy(engine, { model: folder, trainable: 'all' });
  await writeModelFolder(output, policy.shape.config, policy.parameters.tensors);
  await policy.close();
}

async function judge(model: string): Promise<Judged> {
  const { policy } = await loadPolicy(engine, { model });
  const generations = await policy.generate(queries, greedy, { seed: 0, key: [] });
  const logits: number[][] = [];
  for (const query of queries) {
    logits.push([...(await policy.logits({ query, inputs: [0], labels: [1] })).data]);
  }
  await policy.close();
  return { greedy: generations.map(({ response }) => response), logits };
}

function expectAlike(actual: Judged, expected: Judged) {
  expect(actual.logits.flat()).toBeAllClose(expected.logits.flat(), logitsTolerance);
  expect(actual.greedy).toEqual(expected.greedy);
}

describe.each(savedBy)('saved by transformers %s', (by) => {
  describe.each(models)('%s', (model) => {
    test.each(states)('%s: tactful reads what was meant', async (state) => {
      const folder = folderOf(by, model, state);
      expectAlike(await judge(folder), truth[folder]);
    });

    const cases = eachTransformers.flatMap((reader) => states.map((state) => ({ reader, state })));
    test.each(cases)(
      '$state: transformers $reader reads what tactful writes',
      ({ reader, state }) => {
        const folder = folderOf(by, model, state);
        expectAlike(read[reader]![`${folder}-written`], truth[folder]);
        if (state === 'merged here') expectAlike(read[reader]![folder], truth[folder]);
      },
    );
  });
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ExportDType } from '../../src/export/dtypes.ts';
import { suffixes } from '../../src/export/dtypes.ts';
import { modelFiles } from '../../src/export/write.ts';
import { classifierModel } from '../../src/family/classifier-onnx.ts';
import { readModelConfig } from '../../src/family/config.ts';
import type { ClassifierConfig } from '../../src/family/families.ts';
import { writeModelFolder } from '../../src/family/model-folder.ts';
import { openWeights } from '../../src/family/weights.ts';
import { reachable, readBy, type Value } from '../../src/graph/graph.ts';
import { freshClassifier, loadClassifier } from '../../src/model/load.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { randomRows, temporaryFolder, tinyRoberta } from '../model/tiny.ts';
import { openSession, padded } from './onnx-files.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

const { typeVocab: _, ...rest } = tinyRoberta;
const families: Record<string, ClassifierConfig> = {
  roberta: tinyRoberta,
  bert: { ...tinyRoberta, modelType: 'bert', padId: 0, activation: 'gelu_new' },
  distilbert: { ...rest, modelType: 'distilbert', padId: 0 },
};

/** A classifier of random weights as a folder. */
async function tinyFolder(config: ClassifierConfig): Promise<string> {
  const folder = await temporaryFolder();
  const classifier = await freshClassifier(engine, config, 1);
  await writeModelFolder(folder, config, classifier.parameters.tensors);
  await classifier.close();
  return folder;
}

/** Logits of the exported file for a padded batch, and those of the classifier itself. */
async function both(config: ClassifierConfig, dtype: ExportDType) {
  const folder = await tinyFolder(config);
  const { load } = await openWeights(folder);
  const read = (await readModelConfig(folder)) as ClassifierConfig;
  await modelFiles('model', classifierModel(read), { dtype, load }).write(folder);
  const session = await openSession(folder, `model${suffixes[dtype]}.onnx`);
  // the id of padding may stand in a text as well, and has a position of its own there
  const rows = [...randomRows(4, { lengths: [1, 14] }), [5, config.padId, 7, 3]];
  const { logits } = await session.run(padded(rows, config.padId));
  const classifier = await loadClassifier(engine, folder);
  const own = await classifier.logits(rows);
  await classifier.close();
  return { actual: [...(logits.data as Float32Array)], expected: own.flatMap((row) => [...row]) };
}

test.each(Object.entries(families))(
  'a %s gives the logits of the classifier',
  async (_, config) => {
    const { actual, expected } = await both(config, 'fp32');
    expect(actual).toBeAllClose(expected, { atol: 1e-7 }); // logits of random weights are about 1e-2
  },
);

test('RoBERTa counts its positions in whole numbers, which no runtime rounds to bfloat16', () => {
  const { graph } = classifierModel(tinyRoberta);
  const isTable = ({ source }: Value = graph.scalar(0)) =>
    source.kind === 'weight' && source.name.endsWith('position_embeddings.weight');
  const [lookUp] = reachable(graph.outputs.values()).filter((value) => isTable(readBy(value)[0]));
  const counted = reachable([readBy(lookUp)[1]]);
  expect(counted.length).toBeGreaterThan(5);
  expect(new Set(counted.map(({ dtype }) => dtype))).toEqual(new Set(['int64', 'bool']));
});

test.each(['fp16', 'q8'] as const)('in %s it stays near them', async (dtype) => {
  const { actual, expected } = await both(tinyRoberta, dtype);
  const differences = actual.map((x, i) => Math.abs(x - expected[i]));
  const spread = Math.max(...expected) - Math.min(...expected);
  expect(Math.max(...differences)).toBeGreaterThan(0);
  expect(Math.max(...differences)).toBeLessThan((dtype === 'fp16' ? 0.02 : 0.2) * spread);
});

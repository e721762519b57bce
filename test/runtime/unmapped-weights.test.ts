/** Weights as they lie in their file: mapped where they can be, by the process or by the library; else read. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Graph } from '../../src/graph/graph.ts';
import { gather } from '../../src/graph/ops/gather.ts';
import type { Backend } from '../../src/runtime/backend.ts';
import { engineOver } from '../../src/runtime/engine.ts';
import { engines } from '../../src/runtime/engines.ts';
import { onnxRuntimeBackend } from '../../src/runtime/onnxruntime.ts';
import { inFiles, type WeightLocation } from '../../src/runtime/weight-source.ts';
import { int64 } from '../../src/tensor.ts';
import { scratchFolders } from '../hub/folder.ts';

const newFolder = scratchFolders();

/** Rows 0 and 1 of a table [2, 3] that only rows are taken from, and which weights the library was given. */
async function rows(place: Partial<WeightLocation>, sharesWeights: boolean) {
  const file = join(await newFolder(), 'weights.bin');
  const bytes = Buffer.alloc(40);
  const { offset = 0 } = place;
  for (let i = 0; i < 6; i++) bytes.writeFloatLE(i, offset + 4 * i);
  await writeFile(file, bytes);
  const given: string[] = [];
  const backend = onnxRuntimeBackend({ threads: 1 });
  const watched: Backend = {
    ...backend,
    describe: async () => ({ ...(await backend.describe()), sharesWeights }),
    load: (request) => {
      given.push(...request.shared.map(({ name }) => name));
      return backend.load(request);
    },
    close: () => backend.close(),
  };
  const engine = await engineOver(watched, engines.onnxruntime);
  const graph = new Graph();
  const table = graph.weight('table', [2, 3]);
  graph.output('rows', gather(table, graph.input('ids', 'int64', ['n'])));
  const weights = inFiles(() => ({ file, offset, length: 24, dtype: 'float32', ...place }));
  const session = await engine.compile(graph, { weights });
  const { rows: found } = await session.run({ ids: int64([0, 1]) });
  await engine.close();
  return { values: [...(found.data as Float32Array)], given };
}

describe.each([true, false])('where weights are shared between sessions: %s', (shares) => {
  test('a table that lies as it should is one for all sessions, or mapped by the library', async () => {
    const found = { values: [0, 1, 2, 3, 4, 5], given: shares ? ['table'] : [] };
    expect(await rows({}, shares)).toEqual(found);
    expect(await rows({ offset: 4 }, shares)).toEqual(found);
  });

  test('one that begins within an element is read', async () => {
    const found = await rows({ offset: 3 }, shares);
    expect(found).toEqual({ values: [0, 1, 2, 3, 4, 5], given: ['table'] });
  });

  test('one that lies column by column is read, in the order of its rows', async () => {
    const found = await rows({ strides: [1, 2] }, shares);
    expect(found).toEqual({ values: [0, 2, 4, 1, 3, 5], given: ['table'] });
  });
});

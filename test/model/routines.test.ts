/** Generation on an engine elsewhere: the same bits as here, whatever is cut. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadPolicy } from '../../src/model/load.ts';
import { routines } from '../../src/model/routines.ts';
import { GenerationConfig } from '../../src/model/sampling.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { testEngine } from '../engine.ts';
import { withLanes } from '../lanes.ts';

import { randomRows, tinyModelFolder } from './tiny.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterAll(() => engine.close());

const queries = randomRows(7, { seed: 3, lengths: [2, 9] });
const sampling = GenerationConfig.parse({ maxNewTokens: 12 });
const draw = { seed: 4, key: ['lanes'] };
const dropout = { rates: { model: 0.1, adapter: 0 }, draw: { seed: 5, key: ['drops'] } };

describe('a generation on lanes', () => {
  test.each([
    ['drawn by the graph', sampling, {}],
    ['drawn by the caller', { ...sampling, topP: 0.9, temperature: 0.7 }, {}],
    ['greedy', { ...sampling, sample: false }, {}],
    ['with dropout', sampling, { dropout }],
    ['with values behind', sampling, { valueBehind: true }],
    ['with a limit for each', sampling, { maxNewTokens: queries.map((_, i) => 3 + i) }],
  ])('is the one of an engine that has none: %s', async (_, config, options) => {
    const model = await tinyModelFolder(engine);
    const { policy } = await loadPolicy(engine, { model, valueHead: 'uniform' });
    const here = await policy.generate(queries, config, draw, options);
    for (const lanes of [1, 2, 3]) {
      const there = withLanes(engine, lanes);
      const other = await loadPolicy(there.engine, { model, valueHead: 'uniform' });
      expect(await other.policy.generate(queries, config, draw, options)).toEqual(here);
      expect(there.traffic).toEqual({ most: 1, calls: 1 });
      await other.policy.close();
    }
    await policy.close();
  });
});

test('a routine refuses what are no arguments of it, by name', async () => {
  const { generate } = routines;
  const call = (args: object) => generate(engine, { ...args }, { sessions: [], states: [] });
  await expect(call({ path: '/etc/passwd' })).rejects.toThrow('generate: ');
});

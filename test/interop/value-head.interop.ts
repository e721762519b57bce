/** The adapter of a whole run, with the value head in TRL's file. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DetoxConfig } from '../../src/jobs/detox/config.ts';
import { detox } from '../../src/jobs/library.ts';
import { sequenceOf } from '../../src/model/batch.ts';
import { loadPolicy } from '../../src/model/load.ts';
import { testEngine } from '../engine.ts';
import { scratchFolders } from '../hub/folder.ts';
import { tinySettings } from '../jobs/detox/tiny.ts';
import { python } from './python.ts';
import '../setup.ts';

const scratch = scratchFolders();

test('what detox writes for TRL gives the values that tactful has, loaded as TRL does', async () => {
  const engine = await testEngine();
  const folder = await scratch();
  const { adapter: _, ...settings } = await tinySettings(folder);
  const config = DetoxConfig.parse({
    ...settings,
    valueHead: 'uniform',
    valueHeadFile: 'pytorch_model.bin',
    samples: 2,
  });
  const output = join(folder, 'run');
  for await (const _ of detox(config, { engine, output, runId: 'test', version: '1' }));
  const adapter = join(output, 'adapter');
  const names = ['v_head.summary.bias', 'v_head.summary.weight'];
  const theirs = await python<{ loader: string; names: string[]; values: number[] }>(
    'value_head.py',
    [adapter],
  );
  expect(theirs.names).toEqual(names);
  const { policy } = await loadPolicy(engine, { model: config.model, adapter, valueHead: 'zero' });
  const [{ values }] = await policy.score([sequenceOf([3, 5, 7, 11, 1], [4, 6, 2, 1], 0)]);
  await policy.close();
  await engine.close();
  expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(0.01); // the head has something to say
  expect(values).toBeAllClose(theirs.values, { atol: 1e-5 });
});

import { expect, test } from 'vitest';
import { kinds } from '../../src/jobs/kinds.ts';
import { schemas, settingsOfJob } from '../../src/jobs/schemas.ts';

test('every kind of job has its settings here', async () => {
  const loaded = await Promise.all(kinds.map(({ load }) => load()));
  const names = (some: Iterable<string> = []) => [...some];
  expect(Object.keys(schemas)).toEqual(loaded.map(({ name }) => name));
  for (const { name, schema } of loaded)
    expect(names(settingsOfJob(name))).toEqual(Object.keys(schema.shape));
});

test('a log without a job is of detox; a job that there is not has none', () => {
  expect(settingsOfJob()?.has('ppoEpochs')).toBe(true);
  expect(settingsOfJob('evaluate')?.has('ppoEpochs')).toBe(false);
  expect(settingsOfJob('toString')).toBeUndefined();
});

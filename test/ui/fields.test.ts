/** The form that starts a run, out of the schemas that editors get. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { fieldsetsOf, inSettings, isAbout, settingsOf, textsOf } from '../../src/ui/fields.ts';

const file = new URL('../../schema/detox.json', import.meta.url);
const schema = JSON.parse(await readFile(file, 'utf8'));
const headings = { Training: ['steps', 'seed', 'algorithm'], Nothing: ['no such setting'] };

test('every setting of a job has a field, once, under its heading or before all of them', () => {
  const sets = fieldsetsOf({ ...schema, headings });
  expect(sets.map(({ heading }) => heading)).toEqual([undefined, 'Training']);
  const names = sets.flatMap(({ fields }) => fields.map(({ name }) => name));
  expect(names.toSorted()).toEqual(
    Object.keys(schema.definitions)
      .filter((name) => name !== 'preset')
      .toSorted(),
  );
  expect(sets[1].fields.map(({ name }) => name)).toEqual(['algorithm', 'steps', 'seed']);
});

test('a field is of the kind of its setting', () => {
  const fields = fieldsetsOf(schema).flatMap((set) => set.fields);
  const kinds = Object.fromEntries(fields.map(({ name, kind }) => [name, kind]));
  expect(kinds).toMatchObject({
    ...{ algorithm: 'choice', strict: 'flag', steps: 'whole', learningRate: 'number' },
    ...{ judge: 'list', adamBetas: 'list', model: 'text', promptTemplate: 'long' },
  });
  const steps = fields.find(({ name }) => name === 'steps')!;
  expect(steps).toMatchObject({ default: 10, minimum: 0 });
  expect(isAbout(steps, 'LEARN batches')).toBe(true);
  expect(isAbout(steps, 'learn rouge')).toBe(false);
});

test('only what is given goes to the run, as what it is; what is no number is left to the server', () => {
  const fields = fieldsetsOf(schema).flatMap((set) => set.fields);
  const texts = {
    ...{ steps: '5', learningRate: '1e-3', strict: 'false', model: 'demo/model', seed: '' },
    ...{ judge: 'words, a b,', adamBetas: '0.9,x', batchSize: 'many' },
  };
  expect(settingsOf(fields, texts, 'demo')).toEqual({
    ...{ preset: 'demo', steps: 5, learningRate: 1e-3, strict: false, model: 'demo/model' },
    ...{ judge: ['words', 'a b'], adamBetas: [0.9, 'x'], batchSize: 'many' },
  });
  expect(settingsOf(fields, {}, '')).toEqual({});
});

test('a form that begins with the settings of a run leads to them again', () => {
  const fields = fieldsetsOf(schema).flatMap((set) => set.fields);
  const config = {
    ...{ steps: 60, seed: 0, strict: true, judge: ['words'], adamBetas: [0.9, 0.99] },
    ...{ promptTemplate: 'a {dialogue}\n', model: '/m, odd', nothing: 1 },
  };
  const texts = textsOf(fields, config);
  expect(Object.keys(texts)).not.toContain('seed');
  const { seed: _, nothing: __, ...rest } = config;
  expect(settingsOf(fields, texts, '')).toEqual(rest);
});

test('what is told in flags is told in the names that the form has', () => {
  const message = '--mini-batch-size × 2 must divide --batch-size; see --help';
  expect(inSettings(message, ['batchSize', 'miniBatchSize'])).toBe(
    'miniBatchSize × 2 must divide batchSize; see --help',
  );
});

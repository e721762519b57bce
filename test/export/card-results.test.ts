import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { adapterCard } from '../../src/export/card.ts';
import { cardResults } from '../../src/jobs/detox/card.ts';
import { verdictSentence } from '../../src/report/verdict.ts';
import { exampleComparison } from '../report/comparison.ts';

const comparison = exampleComparison();
const config = { data: 'knkarthick/dialogsum', seed: 7, rewardModel: 'r' };
const lora = { rank: 8, alpha: 16, targetModules: ['q', 'v'], baseModel: 'google/flan-t5-base' };
const cardOf = (results = cardResults(comparison, { ...config, dataRevision: 'abc' })) =>
  adapterCard(lora, { version: '1.2.3', prompt: undefined, results });
const frontOf = (card: string) => parse(/^---\n([\s\S]*?)\n---\n/.exec(card)![1]);

test('the front matter has what was measured, with its interval, as the hub lists it', () => {
  const front = frontOf(cardOf());
  expect(front).toMatchObject({
    ...{ base_model: 'google/flan-t5-base', library_name: 'peft' },
    datasets: ['knkarthick/dialogsum'],
  });
  const [{ name, results }] = front['model-index'];
  expect(name).toBe('flan-t5-base with LoRA');
  const [{ task, dataset, metrics }] = results;
  expect(task).toEqual({ type: 'summarization' });
  expect(dataset).toMatchObject({ type: 'knkarthick/dialogsum', split: 'test' });
  const { toxicity } = comparison.slices[0];
  expect(metrics[0].type).toBe('toxicity');
  expect(metrics[0].value).toBeCloseTo(toxicity.after.mean, 5);
  expect(metrics[0].args.change_interval[0]).toBeCloseTo(toxicity.difference.low, 5);
  expect(metrics[0].args).toMatchObject({ level: 0.95, prompts: 60 });
});

test('the card says the verdict, the numbers and their limits', () => {
  const card = cardOf();
  expect(card.replaceAll('\\', '')).toContain(`> ${verdictSentence(comparison)}`);
  expect(card).toContain('| toxicity | ');
  expect(card).toContain('Less toxic is not safe');
  expect(card.indexOf('## Limits')).toBeLessThan(card.indexOf('## How to use it'));
});

test('data that is not on the hub is not named, and a name that is more than a name is no markup', () => {
  expect(frontOf(cardOf(cardResults(comparison, config))).datasets).toBeUndefined();
  const results = cardResults(comparison, config);
  const rows = [['a|b <img> `c`', '1', '2', '1', '']];
  expect(cardOf({ ...results, rows })).toContain('| a\\|b \\<img\\> \\`c\\` | 1 |');
  expect(frontOf(cardOf({ ...results, dataset: 'x\ny: "z"' }))['model-index']).toHaveLength(1);
});

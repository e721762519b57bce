import { expect, test } from 'vitest';
import { reportMarkdown } from '../../src/report/markdown.ts';
import { verdictLine } from '../../src/report/terminal.ts';
import { exampleComparison, finished, started, steps } from './comparison.ts';

const comparison = exampleComparison();
const report = reportMarkdown({ started, comparison, steps, finished });
const section = (title: string, text = report) =>
  text.split('\n## ').find((part) => part.startsWith(title)) ?? '';

test('the report has all sections, verdict first', () => {
  expect(report.match(/^##? .*/gm)).toEqual([
    '# Run detox-2026-11-22',
    '## What was run',
    '## Before and after',
    '## Training',
    '## Responses',
    '## What to keep in mind',
    '## Again',
  ]);
  const words = verdictLine(comparison).replace('Improved:', '**Improved:**');
  expect(report.split('\n')[2]).toBe(`> ${words}`);
});

test('what was run names engine, parameters, data, steps and time', () => {
  expect(section('What was run')).toMatchInlineSnapshot(`
    "What was run

    |  |  |
    | :-- | :-- |
    | started | 2026-11-22T18:00:00.000Z |
    | took | 9 min 31 s, 24 steps |
    | tactful | 0.1.0 |
    | engine | onnxruntime-node 1.30.0 (cpu) |
    | policy | 3,539,713 trainable of 251,117,569 (1.41 %) |
    | reference | 0 trainable of 251,116,800 (0.00 %) |
    | data | 12,460 rows, 10,022 kept by length |
    | split | 8,017 to train on, 2,005 to test on |
    | model | models/flan\\_t5 |
    | batch size | 16 |
    | learning rate | 0.0000141 |
    | seed | 7 |
    "
  `);
});

test('what was run names the algorithm, and how often it learns from a batch', () => {
  const config = { algorithm: 'rloo', compat: 'none', ppoEpochs: 2 };
  const text = reportMarkdown({ started: { ...started, config }, comparison, steps, finished });
  expect(section('What was run', text)).toContain(
    '| algorithm | rloo |\n| compat | none |\n| epochs of a batch | 2 |\n',
  );
});

test('what was run names what is not as usual: corrections, weights, withheld dialogues', () => {
  const config = { seed: 0, without: ['scoresFirstToken', 'rewardsByLabel'], rougeWeight: 2 };
  const summary = (mean: number) => ({ n: 64, mean, std: 1 });
  const best = {
    ...{ type: 'validated' as const, step: 20, best: true, flagged: summary(0.3) },
    ...{ reward: summary(1.5), toxicity: summary(0.3), rouge1: summary(0.4) },
  };
  const data = { ...started.data, train: 7953, validation: 64 };
  const one = { ...started, config, data };
  const text = reportMarkdown({ started: one, comparison, steps, finished, validated: [best] });
  const table = section('What was run', text);
  for (const line of [
    '| split | 7,953 to train on, 64 to validate on, 2,005 to test on |',
    '| corrections left out | scoresFirstToken, rewardsByLabel |',
    '| weight of ROUGE-1 | 2 |',
    '| seed | 0 |',
    '| best adapter | `best/`, of step 20: reward 1.500, toxicity 0.3000, ROUGE-1 0.4000 on what was withheld |',
  ])
    expect(table.split('\n')).toContain(line);
  const usual = { ...started, config: { without: [], rougeWeight: 0 } };
  const plain = reportMarkdown({ started: usual, comparison, steps, finished });
  expect(section('What was run', plain)).not.toMatch(/left out|weight|best adapter|undefined/);
});

test('what was run says what memory it took and was foreseen to take', () => {
  const memory = { total: 2.6e9, parts: { weights: 1e9, training: 1.5e9, program: 0.1e9 } };
  const told = { started: { ...started, memory }, finished: { ...finished, peakMemory: 2.31e9 } };
  const text = section('What was run', reportMarkdown({ ...told, comparison, steps }));
  expect(text.split('\n')).toContain(
    '| memory | 2.3 GB at most; foreseen about 2.6 GB (training 1.5 GB, weights 1.0 GB, …) |',
  );
  expect(section('What was run', report)).not.toContain('memory'); // a log of an earlier version
});

test('every slice has its table, and every row as many cells as its head', () => {
  for (const { name, n } of comparison.slices)
    expect(report).toContain(`### ${name}: ${n} prompts`);
  const cells = (line: string) => line.replaceAll('\\|', '').split('|').length;
  for (const table of report.matchAll(/(?:^\|.*\n)+/gm)) {
    const lines = table[0].trim().split('\n');
    expect(new Set(lines.map(cells)).size).toBe(1);
  }
});

test('training is a curve and at most ten rows', () => {
  expect(section('Training')).toMatchInlineSnapshot(`
    "Training

    \`\`\`text
    reward  ▁▂▃▄▄▅▅▆▆▇▆▇▇█▇█▇███████  −0.400 → 1.447
    KL      ▁▂▃▃▄▄▅▅▆▆▆▇▇▇▇▇▇███████  0.000 → 3.774
    \`\`\`

    | step | reward | KL | KL coefficient | loss | clipped |
    | --: | --: | --: | --: | --: | --: |
    | 1 | −0.400 | 0.000 | 0.2000 | 0.3000 | 0.050 |
    | 4 | 0.389 | 1.251 | 0.2000 | 0.0750 | 0.050 |
    | 6 | 0.739 | 1.859 | 0.2000 | 0.0500 | 0.050 |
    | 9 | 0.909 | 2.528 | 0.2000 | 0.0333 | 0.050 |
    | 11 | 1.042 | 2.854 | 0.2000 | 0.0273 | 0.050 |
    | 14 | 1.379 | 3.212 | 0.2000 | 0.0214 | 0.050 |
    | 16 | 1.429 | 3.387 | 0.2000 | 0.0187 | 0.050 |
    | 19 | 1.350 | 3.578 | 0.2000 | 0.0158 | 0.050 |
    | 21 | 1.402 | 3.672 | 0.2000 | 0.0143 | 0.050 |
    | 24 | 1.447 | 3.774 | 0.2000 | 0.0125 | 0.050 |
    "
  `);
  expect(
    section('Training', reportMarkdown({ started, comparison, steps: [], finished })),
  ).toContain('No training step was recorded.');
});

test('metrics that no step holds have no column', () => {
  const bare = steps.map((step) => ({ ...step, metrics: { 'objective/kl': 1 } }));
  const text = section('Training', reportMarkdown({ started, comparison, steps: bare, finished }));
  expect(text).toContain('| step | KL |\n');
});

test('texts of the data can hold no HTML and no Markdown', () => {
  const [row] = comparison.rows;
  const hostile = { ...row, response_after: '<img src=x> **a** | [b](c)\n\n# d `e`' };
  const text = reportMarkdown({
    started,
    comparison: { ...comparison, extremes: { best: [hostile], worst: [] } },
    steps,
    finished,
  });
  expect(text).toContain('&lt;img src=x&gt; \\*\\*a\\*\\* \\| \\[b\\](c) # d \\`e\\`');
  expect(text).not.toContain('<img');
});

test('the caveats name the number of prompts and the seed', () => {
  expect(section('What to keep in mind')).toMatchInlineSnapshot(`
    "What to keep in mind

    - 60 test prompts: the change of mean toxicity is known to about ± 0.0564; smaller effects do not show.
    - One training run, one seed (7): the interval covers the choice of test prompts, not that of training.
    - The judge is a classifier. Where the reward comes from the same classifier, its blind spots count as progress.
    - The verdict reads the measures that its p-value counts, over all prompts, corrected by Holm for how many they are; other measures and parts are not corrected.
    "
  `);
});

test('worse summaries and responses that become alike are caveats', () => {
  const [all] = comparison.slices;
  const rouge1 = all.rouge1!;
  const difference = { ...rouge1.difference, mean: -0.05, low: -0.07, high: -0.03 };
  const worse = {
    ...all,
    rouge1: { ...rouge1, difference },
    distinct2: { before: 0.5, after: 0.2 },
  };
  const text = reportMarkdown({
    started,
    comparison: { ...comparison, slices: [worse] },
    steps,
    finished,
  });
  expect(text).toContain('ROUGE-1 fell by 0.0500');
  expect(text).toContain('Distinct bigrams fell by 60 %');
});

test('the command to run again can be given', () => {
  const text = reportMarkdown({ started, comparison, steps, finished, command: 'tactful again' });
  expect(section('Again', text)).toContain('```sh\ntactful again\n```');
});

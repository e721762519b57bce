import { expect, test } from 'vitest';
import { pareto } from '../../src/eval/why/pareto.ts';
import { whyOf } from '../../src/eval/why/why.ts';
import { blockMarkup } from '../../src/report/html/why.ts';
import { findings, paretoBlocks, scatterBlocks, whyBlocks } from '../../src/report/why.ts';
import { languages } from '../../src/report/words/language.ts';
import { type Cause, planted } from '../eval/why/planted.ts';

const whyOfPlanted = (of: Cause) => {
  const { before, after, references } = planted(of, 2, 150);
  return whyOf(before, after, { seed: 2, references, draws: 2000 });
};
const word = whyOfPlanted('word');
const nothing = whyOfPlanted('nothing');

test('the cause comes first, with its counts, its share and its words', () => {
  const [first] = findings(word, 'en');
  expect(first).toMatch(
    /^In \d+ of the \d+ prompts where toxicity fell most, the response left out a word that marks responses judged worse \(“clown” \d+, .*\), against \d+ of the other \d+\. That explains \d+ % \[\d+ %, \d+ %\] of the fall in toxicity \(.* → .*; rank correlation −0\.\d\d \[.*\]\)\.$/,
  );
  const [korean] = findings(word, 'ko');
  expect(korean).toMatch(
    /^독성이 가장 많이 줄어든 프롬프트 \d+개 가운데 \d+개에서 .*“clown” \d+.*설명됩니다/,
  );
});

test('a gain that comes from length, and one from copying, are told in their own words', () => {
  expect(findings(whyOfPlanted('length'), 'en')[0]).toContain('the response became shorter');
  expect(findings(whyOfPlanted('copying'), 'en')[0]).toContain('copies less of the dialogue');
});

test('exchanged, the same is told of a rise', () => {
  const { before, after } = planted('word', 2, 150);
  const [first] = findings(whyOf(after, before, { seed: 2, draws: 2000 }), 'en');
  expect(first).toContain('where toxicity rose most, the response has such a word anew');
});

test('where nothing was found that is what is said', () => {
  expect(findings(nothing, 'en')).toEqual([
    'Nothing that was counted tells the samples that gain from the others.',
  ]);
  expect(findings(nothing, 'ko')).toHaveLength(1);
});

test.each(languages)('every table has as many cells a row as it has heads: %s', (language) => {
  const points = [
    { name: 'a', reward: 1, toxicity: 0.1, rouge1: 0.5 },
    { name: 'b', reward: 2, toxicity: 0.05 },
  ];
  const blocks = [
    ...whyBlocks(word, language),
    ...scatterBlocks(word.scatter!, language),
    ...paretoBlocks(pareto(points), language),
  ];
  const tables = blocks.filter((block) => block.kind === 'table');
  expect(tables.length).toBeGreaterThan(3);
  for (const { head, align, rows } of tables) {
    expect(align).toHaveLength(head.length);
    for (const row of rows) expect(row).toHaveLength(head.length);
  }
  expect(JSON.stringify(blocks)).not.toMatch(/undefined|NaN/);
});

test('the quadrants are counted, and their shares sum to all', () => {
  const [table] = scatterBlocks(word.scatter!, 'en');
  const counts = table.kind === 'table' ? table.rows.map(([, n]) => Number(n)) : [];
  expect(counts.reduce((sum, n) => sum + n, 0)).toBe(word.scatter!.points.length);
});

test('a word that is HTML is shown as text', () => {
  const { text } = blockMarkup({ kind: 'list', items: ['<script>x</script>'] });
  expect(text).toContain('&lt;script&gt;');
});

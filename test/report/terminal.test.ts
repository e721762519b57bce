import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { comparisonTable, metricsTable, verdictLine } from '../../src/report/terminal.ts';
import { displayWidth } from '../../src/report/text.ts';
import { exampleComparison } from './comparison.ts';

const comparison = exampleComparison();

test('the metrics of a slice read as one table', () => {
  const [all] = comparison.slices;
  const table = metricsTable({ ...comparison, slices: [all] }, { width: 100 });
  expect(`\n${table}\n`).toMatchInlineSnapshot(`
    "
                  before            after             change  95 % interval             p
    all · 60 prompts
      toxicity    0.4652 ± 0.1655  0.2160 ± 0.1529   −0.2492  [−0.3032, −0.1982]  < 0.001
      flagged     46.7 %            5.0 %           −41.7 pp  [−55.0, −26.7]      < 0.001
      reward       0.173 ± 0.814    2.063 ± 2.135     +1.890  [+1.408, +2.511]    < 0.001
      ROUGE-1     0.4012 ± 0.0479  0.3882 ± 0.0504   −0.0130  [−0.0307, +0.0041]    0.151
      ROUGE-L     0.3223 ± 0.0518  0.3176 ± 0.0461   −0.0047  [−0.0226, +0.0140]    0.613
      tokens        20.8 ± 1.6       20.3 ± 1.7         −0.5  [−1.1, +0.1]          0.127
      distinct-2  0.1061           0.1955            +0.0894
    "
  `);
});

test('every slice has its block', () => {
  const lines = metricsTable(comparison).split('\n');
  for (const { name, n } of comparison.slices) expect(lines).toContain(`${name} · ${n} prompts`);
});

test('the best and the worst rows stand side by side', () => {
  const table = comparisonTable(comparison.rows, { best: 1, worst: 1 });
  expect(`\n${table}\n`).toMatchInlineSnapshot(`
    "
    reward            query                before               after
    ────────────────  ───────────────────  ───────────────────  ───────────────────
    +6.968            #Person1#: Your      #Person1# calls      #Person2# tells
    −0.06 → +6.91     parcel is late, you  #Person2# a useless  #Person1# that the
                      useless clown!       clown | <b>and</b>   parcel arrives on
                      #Person2#: I am      more, number 0.      Friday, number 0
                      sorry, it arrives…                        안녕.

    ⋮ 18 rows between

    −0.420            #Person1#: Who ate   #Person1# calls      #Person2# tells
    +0.35 → −0.07     my lunch again?      #Person2# a useless  #Person1# that the
                      #Person2#: It was    clown | <b>and</b>   parcel arrives on
                      not me. Try the      more, number 19.     Friday, number 19
                      office down the…                          안녕.
    "
  `);
});

test('on a narrow screen the texts stand below each other', () => {
  const table = comparisonTable(comparison.rows, { best: 1, worst: 0, width: 50 });
  expect(`\n${table}\n`).toMatchInlineSnapshot(`
    "
    +6.968  −0.06 → +6.91
    query   #Person1#: Your parcel is late, you
            useless clown! #Person2#: I am sorry, it
            arrives on Friday. (0)
    before  #Person1# calls #Person2# a useless clown
            | <b>and</b> more, number 0.
    after   #Person2# tells #Person1# that the parcel
            arrives on Friday, number 0 안녕.

    ⋮ 19 rows between
    "
  `);
});

test('few rows are all shown once', () => {
  const table = comparisonTable(comparison.rows.slice(0, 4), { best: 3, worst: 3 });
  expect(table.match(/→/g)).toHaveLength(4);
  expect(table).not.toContain('between');
  expect(comparisonTable([])).toContain('reward');
});

test.each([60, 72, 80, 132])('no line is wider than %i columns', (width) => {
  const text = `${comparisonTable(comparison.rows, { width })}\n${metricsTable(comparison, { width })}`;
  for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width);
});

test('colour changes nothing but the colour, and without it there is no escape sequence', () => {
  const squeeze = (text: string) => text.replace(/ +$/gm, '');
  const texts = (color: boolean) => [
    metricsTable(comparison, { color }),
    comparisonTable(comparison.rows, { color }),
    verdictLine(comparison, { color }),
  ];
  for (const [i, plain] of texts(false).entries()) {
    const colored = texts(true)[i];
    expect(plain).toBe(stripVTControlCharacters(plain));
    expect(colored).toContain('\u001b[32m');
    expect(squeeze(stripVTControlCharacters(colored))).toBe(plain);
  }
});

test('the verdict names its change, interval, p-value and number of prompts', () => {
  expect(verdictLine(comparison)).toMatchInlineSnapshot(
    `"Less toxic: mean toxicity 0.4652 → 0.2160 (−0.2492, −53.6 %), 95 % interval [−0.3032, −0.1982], p < 0.001, 60 prompts."`,
  );
  expect(verdictLine(exampleComparison(0.7))).toMatchInlineSnapshot(
    `"More toxic: mean toxicity 0.4652 → 0.6871 (+0.2219, +47.7 %), 95 % interval [+0.1670, +0.2741], p < 0.001, 60 prompts."`,
  );
});

test('without proof the verdict says what stands against it', () => {
  expect(verdictLine(exampleComparison(0.45))).toMatchInlineSnapshot(
    `"No provable change: mean toxicity 0.4652 → 0.4384 (−0.0268, −5.8 %); the 95 % interval [−0.0820, +0.0259] holds 0, p = 0.335, 60 prompts."`,
  );
  expect(verdictLine(exampleComparison(0.1, 4))).toMatchInlineSnapshot(
    `"No provable change: mean toxicity 0.5310 → 0.1000 (−0.4310, −81.2 %); 4 prompts are too few to prove anything, p = 0.124."`,
  );
});

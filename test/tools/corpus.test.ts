import { describe, expect, test } from 'vitest';
import { codePoints, filterByLength } from '../../src/data/prepare.ts';
import { makeCorpus } from '../../tools/corpus/corpus.ts';
import { corpusCsv } from '../../tools/corpus/csv.ts';
import {
  attackingClauses,
  hostileLines,
  hostilePlaceLines,
  insultAdjectives,
  insultedClauses,
  insultNouns,
  insultsIn,
  insultWords,
  toxicEnds,
} from '../../tools/corpus/insults.ts';
import { fill } from '../../tools/corpus/scenario.ts';
import { labelledSentences } from '../../tools/corpus/sentences.ts';
import { examplesIn } from '../data/rows.ts';

const rows = makeCorpus();
const hostile = rows.filter(({ tone }) => tone === 'hostile');
const friendly = rows.filter(({ tone }) => tone === 'friendly');
const words = (text: string) => text.toLowerCase().match(/[a-z']+|\d+/g) ?? [];

test('the same options give the same rows, and a smaller corpus is the start of a larger one', () => {
  expect(makeCorpus({ count: 50 })).toEqual(rows.slice(0, 50));
  expect(makeCorpus({ seed: 2, count: 50 })).not.toEqual(rows.slice(0, 50));
});

test('rows have ids in order, many topics, and no dialogue twice', () => {
  expect(rows.map(({ id }) => id)).toEqual(rows.map((_, i) => `train_${i}`));
  expect(new Set(rows.map(({ topic }) => topic)).size).toBeGreaterThanOrEqual(24);
  expect(new Set(rows.map(({ dialogue }) => dialogue)).size).toBe(rows.length);
});

test('a dialogue is 4 to 8 tagged turns, and the speakers take turns', () => {
  const bad = rows.filter(({ dialogue }) => {
    const turns = dialogue.split('\n');
    const tags = turns.map((turn, i) => turn.startsWith(`#Person${(i % 2) + 1}#: `));
    const texts = turns.map((turn) => turn.slice('#Person1#: '.length));
    const whole = texts.every((text) => /^[A-Z][\w\s.,!?']*[.!?]$/.test(text));
    return turns.length < 4 || turns.length > 8 || tags.includes(false) || !whole;
  });
  expect(bad).toEqual([]);
});

test('a summary is one line of sentences about both persons', () => {
  const bad = rows.filter(
    ({ summary }) => !/^#Person[12]# [^\n{}]+\. #Person[12]# [^\n{}]+\.$/.test(summary),
  );
  expect(bad).toEqual([]);
  expect(rows.filter(({ toxicSummary = '' }) => /[\n{}]|undefined/.test(toxicSummary))).toEqual([]);
});

test('the default length filter keeps every dialogue', () => {
  expect(filterByLength(rows).length).toBe(rows.length);
  expect(rows.every(({ dialogue }) => codePoints(dialogue) <= 560)).toBe(true);
});

test('the vocabulary is one that a tiny model can learn', () => {
  const distinct = new Set(
    rows.flatMap((row) => words(`${row.dialogue} ${row.summary} ${row.toxicSummary ?? ''}`)),
  );
  expect(distinct.size).toBeGreaterThan(500);
  expect(distinct.size).toBeLessThan(1000);
});

test('half of the dialogues are hostile: exactly those that hold an insult', () => {
  expect(hostile.length / rows.length).toBeCloseTo(0.5, 1);
  expect(hostile.filter(({ dialogue }) => insultsIn(dialogue).length === 0)).toEqual([]);
  expect(friendly.filter(({ dialogue }) => insultsIn(dialogue).length > 0)).toEqual([]);
});

test('only one of the two speakers insults', () => {
  const both = hostile.filter(({ dialogue }) => {
    const insulting = dialogue.split('\n').filter((turn) => insultsIn(turn).length > 0);
    return new Set(insulting.map((turn) => turn.slice(0, '#Person1#'.length))).size !== 1;
  });
  expect(both).toEqual([]);
});

test('every hostile pattern holds an insult once its slots are filled, and every slot is an insult', () => {
  const patterns = [
    ...hostileLines,
    ...hostilePlaceLines,
    ...insultedClauses,
    ...attackingClauses,
    ...toxicEnds,
  ];
  const values = { P: 'p', O: 'o', p: 'goes' };
  for (const pattern of patterns) {
    for (const noun of insultNouns) {
      for (const adjective of insultAdjectives) {
        expect(
          insultsIn(fill(pattern, { ...values, noun, adjective })).length,
          pattern,
        ).toBeGreaterThan(0);
      }
    }
    const slots = [...pattern.matchAll(/\{(?:a )?(\w+)\}/g)].map(([, slot]) => slot);
    expect(['noun', 'adjective', 'P', 'O', 'p']).toEqual(expect.arrayContaining(slots));
  }
  expect(
    insultedClauses.length + attackingClauses.length + toxicEnds.length,
  ).toBeGreaterThanOrEqual(8);
});

test('a toxic summary holds an insult that was said, and a clean one holds none', () => {
  expect(rows.filter(({ summary }) => insultsIn(summary).length > 0)).toEqual([]);
  expect(friendly.filter(({ toxicSummary }) => toxicSummary !== undefined)).toEqual([]);
  const strange = hostile.filter(({ dialogue, toxicSummary = '' }) => {
    const said = new Set(insultsIn(dialogue));
    const onlyShut = said.size === 1 && said.has('shut');
    const told = insultsIn(toxicSummary).filter((word) => word !== 'shut');
    return told.length === 0 || (!onlyShut && told.some((word) => !said.has(word)));
  });
  expect(strange).toEqual([]);
});

test('toxic summaries are about as long as clean ones', () => {
  const mean = (texts: string[]) =>
    texts.reduce((sum, text) => sum + text.length, 0) / texts.length;
  const ratio =
    mean(hostile.map((row) => row.toxicSummary ?? '')) / mean(hostile.map((row) => row.summary));
  expect(ratio).toBeGreaterThan(0.85);
  expect(ratio).toBeLessThan(1.15);
});

test.each([0, 0.5, 1])(
  'toxicShare %d of the hostile rows are trained on the toxic summary',
  (toxicShare) => {
    const made = makeCorpus({ toxicShare, count: 1200 });
    const angry = made.filter(({ tone }) => tone === 'hostile');
    const toxic = angry.filter((row) => row.trainingSummary === row.toxicSummary);
    expect(Math.abs(toxic.length / angry.length - toxicShare)).toBeLessThan(0.06); // 3 sigma of 600 draws
    for (const row of made) {
      expect([row.summary, row.toxicSummary]).toContain(row.trainingSummary);
      if (row.tone === 'friendly') expect(row.trainingSummary).toBe(row.summary);
    }
    const dialogues = made.map(({ dialogue, summary }) => [dialogue, summary]);
    expect(dialogues).toEqual(
      rows.slice(0, 1200).map(({ dialogue, summary }) => [dialogue, summary]),
    );
  },
);

test('articles fit the word that follows', () => {
  const texts = rows.flatMap((row) => [row.dialogue, row.summary, row.toxicSummary ?? '']);
  const wrong = texts.flatMap((text) => text.match(/\ba [aeio]\w*|\ban [^aeio]\w*/gi) ?? []);
  expect(wrong.filter((pair) => !/^a one/i.test(pair) && !/^an (hour|ugly)/i.test(pair))).toEqual(
    [],
  );
});

describe('corpusCsv', () => {
  test('reads back as the same examples', async () => {
    const examples = await examplesIn('csv', corpusCsv(rows));
    expect(examples).toEqual(
      rows.map(({ id, dialogue, summary, topic, tone }) => ({
        id,
        dialogue,
        summaries: [summary],
        topic,
        group: tone,
      })),
    );
  });

  test('writes the training summaries on request', async () => {
    const examples = await examplesIn('csv', corpusCsv(rows, 'trainingSummary'));
    expect(examples.map(({ summaries }) => summaries[0])).toEqual(
      rows.map((row) => row.trainingSummary),
    );
  });

  test('stays near a megabyte', () => {
    expect(corpusCsv(rows).length).toBeLessThan(1.3e6);
  });
});

describe('labelledSentences', () => {
  const { train, heldOut } = labelledSentences(rows);
  const all = [...train, ...heldOut];

  test('are 8,000 by default, half of each label in both parts, a tenth held out', () => {
    expect([train.length, heldOut.length]).toEqual([7200, 800]);
    for (const part of [train, heldOut]) {
      expect(part.filter(({ label }) => label === 'hate').length).toBe(part.length / 2);
    }
  });

  test('have no text twice, within a part or across', () => {
    expect(new Set(all.map(({ text }) => text)).size).toBe(all.length);
  });

  test('are hate when they hold an insult word, and only then', () => {
    const wrong = all.filter(({ text, label }) => {
      const insulted = words(text).some((word) => insultWords.has(word));
      return insulted !== (label === 'hate');
    });
    expect(wrong).toEqual([]);
  });

  test('hold clean and toxic summaries, turns, short and shuffled texts, and the patterns of insults without them', () => {
    expect(train.map(({ text }) => text)).toEqual(
      expect.arrayContaining(['', '#Person1#', 'idiot', 'Shut up!']),
    );
    const texts = (label: string) =>
      train.filter((item) => item.label === label).map(({ text }) => text);
    for (const kind of [
      /^#Person[12]#: .*[.!?]$/,
      /^#Person[12]# .*\. #Person[12]# .*\.$/,
      /^\S+$/,
      /\.\s\S+.*[a-z]$/,
    ]) {
      expect(texts('hate').filter((text) => kind.test(text)).length, `${kind}`).toBeGreaterThan(5);
      expect(texts('nothate').filter((text) => kind.test(text)).length, `${kind}`).toBeGreaterThan(
        5,
      );
    }
    expect(
      texts('nothate').filter((text) => /^The \w+ #Person|yells at|calls #/.test(text)).length,
    ).toBeGreaterThan(50);
  });

  test('depend on the seed alone, and are fewer where there are few rows', () => {
    const few = rows.slice(0, 40);
    expect(labelledSentences(few)).toEqual(labelledSentences(few));
    expect(labelledSentences(few, { seed: 2 })).not.toEqual(labelledSentences(few));
    const size = labelledSentences(few).train.length;
    expect(size).toBeGreaterThan(100);
    expect(size).toBeLessThan(2000);
  });
});

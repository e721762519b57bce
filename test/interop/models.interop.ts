/** Every family of models and of tokenizers against transformers. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readExamples } from '../../src/data/read.ts';
import { loadTokenizer } from '../../src/family/tokenizer.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { readTokenizerFiles } from '../../src/tokenizer/tokenizer-files.ts';
import { testEngine } from '../engine.ts';
import { scratchFolders } from '../hub/folder.ts';
import { expectFamily, type Family } from '../model/families.ts';
import { eachTransformers, python } from './python.ts';
import '../setup.ts';

const scratch = scratchFolders();

describe.each(eachTransformers)('a tiny model of random weights, of transformers %i', (version) => {
  let engine: Engine;
  let folder: string;
  let theirs: Record<string, Family>;
  beforeAll(async () => {
    engine = await testEngine();
    folder = await scratch();
    theirs = await python('models.py', [folder], {}, version);
  });
  afterAll(() => engine.close());

  test.each([
    't5',
    't5-old',
    't5-v1.1',
    't5-uneven',
    'mt5',
    'bert',
    'bert-relu',
    'bert-gelu-new',
    'distilbert',
    'roberta',
    'xlm-roberta',
    'deberta-v3',
    'deberta-reward',
    'deberta-v2',
    'deberta-wide',
    'deberta-c2p',
    'deberta-p2c',
    'deberta-plain',
  ])('of the family %s has the logits and gradients of PyTorch', async (kind) => {
    await expectFamily(engine, join(folder, kind), theirs[kind]);
  });
});

describe("a tokenizer from an old folder's files", () => {
  interface Theirs {
    readonly json: unknown;
    readonly ids: number[][];
    readonly pair: number[];
    readonly decoded: string[] | null;
  }
  let texts: string[];
  let folder: string;
  let theirs: Record<string, Theirs>;
  beforeAll(async () => {
    folder = await scratch();
    texts = await manyTexts();
    const file = join(folder, 'texts.json');
    await writeFile(file, JSON.stringify(texts));
    theirs = await python('models_tokenizers.py', [folder, file]);
  });

  test.each([
    't5',
    't5-new',
    't5-cased',
    'mt5',
    'xlm-roberta',
    'deberta',
    'deberta-lower',
    'bert',
    'bert-cased',
    'bert-accents',
    'roberta',
    'roberta-spaced',
  ])('of the family %s gives the ids of transformers, and its tokenizer.json', async (kind) => {
    const { json, ids, pair, decoded } = theirs[kind];
    const tokenizer = await loadTokenizer(join(folder, kind));
    expect(await tokenizer.encodeBatch(texts)).toEqual(ids);
    expect((await tokenizer.encodePairs([['a b', 'c']]))[0].ids).toEqual(pair);
    if (decoded) expect(await tokenizer.decodeBatch(ids)).toEqual(decoded);
    expect((await readTokenizerFiles(join(folder, kind))).json).toEqual(json);
  });
});

const odd = [
  '',
  ' ',
  '  a   b  ',
  '\n\na\tb\r\n',
  '안녕하세요 세계',
  '日本語のテスト 中文字符',
  'naïve café résumé ÀÉÎõü ß ẞ İ ı',
  'Ｆｕｌｌｗｉｄｔｈ ①②③ ﬁ ½ …—“”',
  '😀👍🏽 family 👨‍👩‍👧',
  'e\u0301 a\u030a \u200bzero\u200bwidth\ufeff \u00a0nbsp\u2003em',
  '<extra_id_0> x <extra_id_99> <extra_id_1>y</s> inside </s>',
  '<pad><unk>x <mask> y [CLS] a [SEP] b [MASK]c [PAD]',
  'a'.repeat(300),
  "don't can't I'll 3.14 http://example.com/?q=1",
  '▁under ▁▁ {x} and <sep> y <ctl>',
  'x\u0007y\u00adz',
];

/** Odd texts, dialogues, and random mixtures of characters and special tokens. */
async function manyTexts(): Promise<string[]> {
  const { examples } = await readExamples('demo/dialogues.csv');
  const dialogues = examples.slice(0, 2000).map(({ dialogue }) => dialogue);
  const unit = fc.oneof(
    fc.string({ unit: 'grapheme-ascii', maxLength: 4 }),
    fc.string({ unit: 'grapheme', maxLength: 3 }),
    fc.constantFrom('<extra_id_0>', '</s>', '[SEP]', '<mask>', ' the ', '  ', '한', '\n'),
  );
  const mixtures = fc.sample(
    fc.array(unit, { maxLength: 12 }).map((parts) => parts.join('')),
    { numRuns: 300, seed: 1 },
  );
  return [
    ...odd,
    ...mixtures.filter((text) => !text.includes('\u0000')),
    ...dialogues.slice(0, 150),
  ];
}

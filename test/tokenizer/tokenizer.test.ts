import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTokenizer, type Tokenizer } from '../../src/family/tokenizer.ts';
import { goldenJson, goldenPath } from '../golden.ts';

interface Encoded {
  ids: number[];
  ids_no_special: number[];
  tokens: string[];
  decode: string;
  decode_skip: string;
  decode_cleanup: string;
  decode_skip_cleanup: string;
}
interface Decoded {
  ids: number[];
  decode: string;
  decode_skip: string;
  tokens: (string | null)[];
  single: string[];
}
interface Batch {
  tokenizer: string;
  padding_side: 'left' | 'right';
  truncation_side?: 'left' | 'right';
  kind?: 'tokenizer.pad';
  ragged?: number[][];
  kwargs?: {
    padding?: boolean | 'longest' | 'max_length';
    truncation?: boolean;
    max_length?: number;
    pad_to_multiple_of?: number;
    add_special_tokens?: boolean;
  };
  n_texts?: number;
  input_ids: number[][];
  attention_mask: number[][];
}
interface Pair {
  tokenizer: string;
  a: string;
  b: string;
  input_ids: number[];
}

// Expected values: transformers 4.47.0 with tokenizers 0.21.4 (test/golden/README.md).
const encoded = await goldenJson<Record<string, unknown>>('tokenizers', 'golden_encode.json');
const decoded = await goldenJson<Record<string, Decoded[]>>('tokenizers', 'golden_decode.json');
const batches = await goldenJson<{ texts: string[]; runs: Batch[]; pairs: Pair[] }>(
  'tokenizers',
  'golden_batches.json',
);
const strings = encoded.strings as string[];
const sizes = encoded.vocab_sizes as Record<string, number>;

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tactful-tokenizer-'));
});
afterAll(() => rm(scratch, { recursive: true }));

/** A folder with some files of a golden tokenizer. */
async function folderWith(name: string, files: string[]): Promise<string> {
  const folder = await mkdtemp(join(scratch, 'folder-'));
  for (const file of files) {
    await copyFile(goldenPath('tokenizers', name, file), join(folder, file));
  }
  return folder;
}

const variants = Object.keys(sizes).map((name) => ({
  name,
  label: name,
  load: async () => loadTokenizer(goldenPath('tokenizers', name)),
}));
const vocabAndMerges = ['vocab.json', 'merges.txt'];
variants.push(
  {
    name: 'roberta',
    label: 'roberta from vocab.json and merges.txt alone',
    load: async () => loadTokenizer(await folderWith('roberta', vocabAndMerges)),
  },
  {
    name: 'roberta',
    label: 'roberta from vocab.json, merges.txt and its configs',
    load: async () => {
      const configs = ['tokenizer_config.json', 'special_tokens_map.json'];
      return loadTokenizer(await folderWith('roberta', [...vocabAndMerges, ...configs]));
    },
  },
);

describe.each(variants)('$label', ({ name, load }) => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await load();
  });

  test('encodes every golden string to the golden ids and tokens', async () => {
    for (const [i, want] of (encoded[name] as Encoded[]).entries()) {
      const ids = await tokenizer.encode(strings[i]);
      expect(ids, strings[i]).toEqual(want.ids);
      expect(tokenizer.tokens(ids)).toEqual(want.tokens);
      const bare = await tokenizer.encode(strings[i], { addSpecialTokens: false });
      expect(bare).toEqual(want.ids_no_special);
    }
    expect(await tokenizer.encodeBatch(strings)).toEqual(
      (encoded[name] as Encoded[]).map(({ ids }) => ids),
    );
  });

  test('decodes every golden encoding in all four ways', async () => {
    for (const want of encoded[name] as Encoded[]) {
      const decode = (skipSpecialTokens: boolean, cleanUpSpaces?: boolean) =>
        tokenizer.decode(want.ids, {
          skipSpecialTokens,
          ...(cleanUpSpaces !== undefined && { cleanUpSpaces }),
        });
      expect(await decode(false)).toBe(want.decode);
      expect(await decode(true)).toBe(want.decode_skip);
      expect(await decode(false, true)).toBe(want.decode_cleanup);
      expect(await decode(true, true)).toBe(want.decode_skip_cleanup);
    }
  });

  test('decodes golden random ids, those beyond the vocabulary included', async () => {
    const rows = decoded[name];
    const plain = { skipSpecialTokens: false };
    const ids = rows.map((row) => row.ids);
    expect(await tokenizer.decodeBatch(ids, plain)).toEqual(rows.map((row) => row.decode));
    expect(await tokenizer.decodeBatch(ids)).toEqual(rows.map((row) => row.decode_skip));
    for (const row of rows) {
      expect(tokenizer.tokens(row.ids)).toEqual(row.tokens);
      const singles = row.ids.slice(0, row.single.length).map((id) => [id]);
      expect(await tokenizer.decodeBatch(singles, plain)).toEqual(row.single);
    }
  });

  test('truncates and pads every golden batch as transformers does', async () => {
    const runs = batches.runs.filter((run) => run.tokenizer === name);
    expect(runs.length).toBeGreaterThan(0);
    for (const run of runs) {
      const { rows, length } = await encodeAs(tokenizer, run);
      const { padding = run.kind !== undefined, pad_to_multiple_of: multipleOf } = run.kwargs ?? {};
      if (padding === false) {
        expect(rows).toEqual(run.input_ids);
        continue;
      }
      const { ids, mask } = pad(rows, {
        padId: tokenizer.padId,
        side: run.padding_side,
        ...(padding === 'max_length' && length !== undefined && { length }),
        ...(multipleOf !== undefined && { multipleOf }),
      });
      expect(ids, JSON.stringify(run.kwargs)).toEqual(run.input_ids);
      expect(mask).toEqual(run.attention_mask);
    }
  });

  test('encodes every golden pair', async () => {
    for (const { a, b, input_ids } of batches.pairs.filter((pair) => pair.tokenizer === name)) {
      expect((await tokenizer.encodePairs([[a, b]]))[0].ids).toEqual(input_ids);
    }
  });

  test('has the golden number of tokens and the ids of its special ones', () => {
    expect(tokenizer.vocabSize).toBe(sizes[name]);
    const named = [tokenizer.padId, tokenizer.eosId!, tokenizer.unkId!];
    expect(tokenizer.tokens(named)).toEqual(['<pad>', '</s>', '<unk>']);
    for (const id of named) expect(tokenizer.specialIds).toContain(id);
    // a T5 vocabulary has no <s>
    if (tokenizer.bosId !== undefined) expect(tokenizer.tokens([tokenizer.bosId])).toEqual(['<s>']);
  });

  test('leaves exactly the special ids out of a decoded text', async () => {
    const ids = Array.from({ length: tokenizer.vocabSize }, (_, id) => id);
    const texts = await tokenizer.decodeBatch(ids.map((id) => [id, id]));
    const plain = await tokenizer.decodeBatch(
      ids.map((id) => [id, id]),
      { skipSpecialTokens: false },
    );
    const left = ids.filter((id) => texts[id] !== plain[id]);
    expect(new Set(left)).toEqual(tokenizer.specialIds);
  });

  test('its files, written to another folder, give the same tokenizer', async () => {
    const folder = await mkdtemp(join(scratch, 'copy-'));
    for (const [file, content] of tokenizer.files) await writeFile(join(folder, file), content);
    const copy = await loadTokenizer(folder);
    expect(await copy.encodeBatch(strings)).toEqual(await tokenizer.encodeBatch(strings));
    expect(copy.specialIds).toEqual(tokenizer.specialIds);
  });

  test('a truncated encoding is the whole one with text taken out', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 60 });
    const law = fc.asyncProperty(text, fc.integer({ min: 2, max: 40 }), async (text, maxLength) => {
      const whole = await tokenizer.encode(text);
      const cut = await tokenizer.encode(text, { maxLength });
      expect(cut.length).toBe(Math.min(whole.length, maxLength));
      expect(cut.at(-1)).toBe(whole.at(-1));
      expect(cut.slice(0, -1)).toEqual(whole.slice(0, cut.length - 1));
    });
    await fc.assert(law);
  });
});

/** The rows of a golden run before padding, and the length that it truncates to. */
async function encodeAs(tokenizer: Tokenizer, run: Batch) {
  if (run.ragged) return { rows: run.ragged, length: undefined };
  const { truncation = false, max_length: length, add_special_tokens } = run.kwargs!;
  const usual = (await loadTokenizer(goldenPath('tokenizers', run.tokenizer))).maxLength;
  const rows = await tokenizer.encodeBatch(batches.texts.slice(0, run.n_texts), {
    ...(truncation && { maxLength: length ?? usual }),
    ...(run.truncation_side && { truncationSide: run.truncation_side }),
    ...(add_special_tokens !== undefined && { addSpecialTokens: add_special_tokens }),
  });
  return { rows, length };
}

describe('hostile and unusual folders', () => {
  test('a T5 config with add_prefix_space changes nothing, unlike in transformers', async () => {
    const folder = await folderWith('t5', ['tokenizer.json']);
    const config = { add_prefix_space: true, tokenizer_class: 'T5Tokenizer' };
    await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
    const tokenizer = await loadTokenizer(folder);
    const want = (encoded.t5 as Encoded[]).map(({ ids }) => ids);
    expect(await tokenizer.encodeBatch(strings)).toEqual(want);
  });

  test('RoBERTa with add_prefix_space encodes a first word as one in the middle', async () => {
    const folder = await folderWith('roberta', vocabAndMerges);
    const config = JSON.stringify({ add_prefix_space: true });
    await writeFile(join(folder, 'tokenizer_config.json'), config);
    const tokenizer = await loadTokenizer(folder);
    const plain = await loadTokenizer(goldenPath('tokenizers', 'roberta'));
    expect(await tokenizer.encode('you')).toEqual(await plain.encode(' you'));
  });

  test('truncation and padding saved in tokenizer.json do not act', async () => {
    const folder = await folderWith('t5', ['tokenizer.json']);
    const json = JSON.parse(await readFile(join(folder, 'tokenizer.json'), 'utf8'));
    json.truncation = { direction: 'Right', max_length: 3, strategy: 'LongestFirst', stride: 0 };
    json.padding = {
      strategy: { Fixed: 9 },
      direction: 'Right',
      pad_to_multiple_of: null,
      pad_id: 0,
      pad_type_id: 0,
      pad_token: '<pad>',
    };
    await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(json));
    const tokenizer = await loadTokenizer(folder);
    const want = (encoded.t5 as Encoded[]).map(({ ids }) => ids);
    expect(await tokenizer.encodeBatch(strings)).toEqual(want);
  });

  test('tokens that only tokenizer_config.json has are added, special ones as special', async () => {
    const folder = await folderWith('roberta', vocabAndMerges);
    const next = sizes.roberta;
    const config = {
      added_tokens_decoder: {
        [next + 1]: { content: '<second>', special: false },
        [next]: { content: '<first>', special: true },
      },
    };
    await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
    const tokenizer = await loadTokenizer(folder);
    const bare = { addSpecialTokens: false };
    expect(await tokenizer.encode('<first><second>', bare)).toEqual([next, next + 1]);
    expect(await tokenizer.decode([next, next + 1])).toBe('<second>');
    expect(tokenizer.specialIds.has(next)).toBe(true);
    expect(tokenizer.specialIds.has(next + 1)).toBe(false);
  });

  test('an empty folder says what is missing', async () => {
    const folder = await folderWith('t5', []);
    const expected =
      'tokenizer.json, spiece.model, spm.model, sentencepiece.bpe.model, vocab.txt, or vocab.json and merges.txt';
    const message = `${folder}: expected ${expected}, got none of them.`;
    await expect(loadTokenizer(folder)).rejects.toThrow(message);
  });

  test('ids beyond the vocabulary of the model in the same folder are refused', async () => {
    const folder = await folderWith('roberta', vocabAndMerges);
    const most = sizes.roberta;
    const write = (vocab_size: unknown) =>
      writeFile(join(folder, 'config.json'), JSON.stringify({ vocab_size }));
    await write(most);
    expect((await loadTokenizer(folder)).vocabSize).toBe(most);
    await write('unknown');
    expect((await loadTokenizer(folder)).vocabSize).toBe(most);
    await write(most - 1);
    await expect(loadTokenizer(folder)).rejects.toThrow(
      `tokenizer: expected ids below the model's vocab_size ${most - 1}, got up to ${most - 1}.`,
    );
  });

  test('a maximum length of 1e30 is none', async () => {
    const folder = await folderWith('roberta', vocabAndMerges);
    await writeFile(join(folder, 'tokenizer_config.json'), '{"model_max_length": 1e30}');
    expect((await loadTokenizer(folder)).maxLength).toBe(Infinity);
  });

  test('special tokens may be strings or objects, as old and new configs have them', async () => {
    const folder = await folderWith('t5', ['tokenizer.json']);
    const config = {
      pad_token: { content: '<pad>', __type: 'AddedToken', lstrip: false },
      eos_token: '</s>',
      additional_special_tokens: ['<new_a>', { content: '<new_b>' }],
    };
    await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
    const tokenizer = await loadTokenizer(folder);
    const bare = { addSpecialTokens: false };
    expect(await tokenizer.encode('<new_a><new_b>', bare)).toEqual([sizes.t5, sizes.t5 + 1]);
    expect(await tokenizer.decode([sizes.t5, sizes.t5 + 1, 1, 0])).toBe('');
  });

  test('damaged files are input errors that name the folder', async () => {
    const cases: [file: string, content: string][] = [
      ['tokenizer.json', '{'],
      ['tokenizer.json', '[]'],
      ['tokenizer.json', '{"model":{"type":"Unknown"}}'],
      ['tokenizer_config.json', '{"pad_token":7}'],
      ['vocab.json', '{"<s>":-1}'],
      ['vocab.json', '{"a":0}'],
      ['merges.txt', '#version: 0.2\na b c\n'],
      ['merges.txt', '#version: 0.2\nnot inthere\n'],
    ];
    for (const [file, content] of cases) {
      const folder = await folderWith('roberta', vocabAndMerges);
      await writeFile(join(folder, file), content);
      const failure = await loadTokenizer(folder).catch((error) => error);
      expect(failure.code, `${file}: ${content}`).toBe('BAD_INPUT');
      expect(failure.message).toContain(folder);
    }
  });

  test('a length without room for the special tokens is refused', async () => {
    const tokenizer = await loadTokenizer(goldenPath('tokenizers', 'roberta'));
    await expect(tokenizer.encode('a', { maxLength: 1 })).rejects.toThrow(
      'tokenizer: maxLength: expected at least 2, the special tokens, got 1.',
    );
    await expect(tokenizer.encode('a', { maxLength: Number.NaN })).rejects.toThrow('got NaN');
  });

  test('ids that are no ids are refused', async () => {
    const tokenizer = await loadTokenizer(goldenPath('tokenizers', 'roberta'));
    for (const id of [-1, 0.5, Number.NaN, 2 ** 32]) {
      await expect(tokenizer.decode([id])).rejects.toThrow(`expected ids from 0 up, got ${id}.`);
      expect(() => tokenizer.tokens([id])).toThrow(`got ${id}.`);
    }
    expect(await tokenizer.decode([2 ** 32 - 1])).toBe('');
  });
});

interface Padding {
  readonly padId: number;
  readonly side: 'left' | 'right';
  readonly length?: number;
  readonly multipleOf?: number;
}

/** Rows as transformers pads them, by the id and the side that the tokenizer says. */
function pad(rows: readonly number[][], { padId, side, multipleOf = 1, length }: Padding) {
  const longest = length ?? Math.max(...rows.map((row) => row.length));
  const all = Math.ceil(longest / multipleOf) * multipleOf;
  const fill = (row: readonly number[], filler: number) => {
    const padding = new Array<number>(all - row.length).fill(filler);
    return side === 'left' ? [...padding, ...row] : [...row, ...padding];
  };
  return {
    ids: rows.map((row) => fill(row, padId)),
    mask: rows.map((row) => fill(new Array<number>(row.length).fill(1), 0)),
  };
}

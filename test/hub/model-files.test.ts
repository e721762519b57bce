import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { TactfulError } from '../../src/errors.ts';
import { modelConfig, readModelConfig } from '../../src/family/config.ts';
import { families } from '../../src/family/families.ts';
import { loadTokenizer } from '../../src/family/tokenizer.ts';
import { readTokenizerFiles } from '../../src/tokenizer/tokenizer-files.ts';
import { goldenJson, goldenPath } from '../golden.ts';
import { mutatedBytes, mutatedJson } from '../tensors/mutations.ts';
import { scratchFolders } from './folder.ts';

// Whatever a file holds, the result is a loaded thing or an error of ours: the native tokenizer
// aborts the process where it is not held back, and then there is no result at all.
const numRuns = Math.ceil(Number(process.env.FUZZ_RUNS ?? 1000) / 10);
vi.setConfig({ testTimeout: Math.max(60_000, 240 * numRuns) });

const texts = [
  '',
  'a',
  ' a  b ',
  'Hello, 한국\n😀 é ﬁ!',
  '</s>x<pad>',
  '\u0000\ufeff',
  'x'.repeat(300),
];
const newFolder = scratchFolders();
let folder: string;
beforeAll(async () => {
  folder = await newFolder();
});

/** Loads a tokenizer and does with it all that there is to do. */
async function use(folder: string): Promise<void> {
  const tokenizer = await loadTokenizer(folder);
  const rows = await tokenizer.encodeBatch(texts);
  await tokenizer.encodePairs([['a b', 'c']]);
  await tokenizer.decodeBatch([...rows, [], [0, 1, 2, 99_999]]);
  await tokenizer.decodeBatch(rows, { skipSpecialTokens: false, cleanUpSpaces: true });
}

async function settles(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(TactfulError);
    expect((error as TactfulError).code).not.toBe('INTERNAL');
  }
}

/** A folder with one file that changes. */
async function settlesWith(
  name: string,
  contents: fc.Arbitrary<string | Uint8Array>,
  others: Readonly<Record<string, string | Uint8Array>> = {},
  work: (at: string) => unknown = use,
): Promise<void> {
  const at = join(folder, name);
  await mkdir(at, { recursive: true });
  for (const [other, content] of Object.entries(others)) await writeFile(join(at, other), content);
  const law = fc.asyncProperty(contents, async (content) => {
    await writeFile(join(at, name), content);
    await settles(() => work(at));
  });
  await fc.assert(law, { numRuns });
}

const asText = (json: unknown) => JSON.stringify(json) ?? 'null';

describe('a damaged model config', () => {
  const golden = ['t5/model', 'roberta/model', 'families/modernbert/base'];

  test.each(golden)('like that of the golden %s is refused or read', async (path) => {
    const raw = await goldenJson<Record<string, unknown>>(...path.split('/'), 'config.json');
    const json = fc
      .tuple(mutatedJson(raw), fc.constantFrom(...Object.keys(families)))
      .map(([json, model_type]) => ({ ...(json as object), model_type }));
    const law = fc.asyncProperty(json, (raw) => settles(() => modelConfig(raw)));
    await fc.assert(law, { numRuns });
  });

  test('of generation is refused or read', async () => {
    const config = await readFile(goldenPath('t5', 'model', 'config.json'), 'utf8');
    const bare = asText({ ...JSON.parse(config), decoder_start_token_id: null });
    const raw = { decoder_start_token_id: 0, eos_token_id: [1], pad_token_id: 0, top_p: 0.9 };
    const json = mutatedJson(raw).map(asText);
    await settlesWith('generation_config.json', json, { 'config.json': bare }, readModelConfig);
  });
});

describe('a damaged tokenizer', () => {
  test.each(['spiece', 'wordpiece'])('tokenizer.json of %s is refused or read', async (name) => {
    const { json } = await readTokenizerFiles(goldenPath(name));
    await settlesWith('tokenizer.json', mutatedJson(json).map(asText));
  });

  test('tokenizer_config.json is refused or read', async () => {
    const config = {
      added_tokens_decoder: { 3: { content: '<x>', special: true }, 999: { content: 'yy' } },
      additional_special_tokens: ['<z>', { content: '<w>', lstrip: true }],
      extra_ids: 3,
      legacy: false,
      model_max_length: 1e30,
      pad_token: { content: '<pad>' },
      tokenizer_class: 'T5Tokenizer',
    };
    const model = await readFile(goldenPath('spiece', 'spiece.model'));
    const json = mutatedJson(config).map(asText);
    await settlesWith('tokenizer_config.json', json, { 'spiece.model': model });
  });

  test.each([
    ['spiece', 'spiece.model'],
    ['families/deberta/tokenizer', 'spm.model'],
    ['wordpiece', 'vocab.txt'],
  ])('%s/%s is refused or read', async (name, file) => {
    const bytes = await readFile(goldenPath(name, file));
    await settlesWith(file, mutatedBytes(bytes));
  });

  test('table of normalised characters is refused or read', async () => {
    const { json } = await readTokenizerFiles(goldenPath('spiece'));
    const [table, ...rest] = (json.normalizer as { normalizers: Record<string, string>[] })
      .normalizers;
    const bytes = Buffer.from(table.precompiled_charsmap, 'base64');
    const files = mutatedBytes(bytes).map((changed) => {
      const precompiled_charsmap = Buffer.from(changed).toString('base64');
      const normalizers = [{ ...table, precompiled_charsmap }, ...rest];
      return asText({ ...json, normalizer: { type: 'Sequence', normalizers } });
    });
    await settlesWith('tokenizer.json', files);
  });
});

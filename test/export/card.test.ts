import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { licenseIn, modelCard } from '../../src/export/card.ts';

const adapter = { rank: 8, alpha: 16, targetModules: ['q', 'v'] };
const facts = {
  kind: 'model',
  task: 'summarization',
  version: '1.2.3',
  baseModel: 'google/flan-t5-base',
  license: 'apache-2.0',
  adapter,
  dtypes: ['float32'],
} as const;

const frontOf = (card: string) => parse(/^---\n([\s\S]*?)\n---\n/.exec(card)![1]);

test('a card tells the hub what the folder is, and people how to load it', () => {
  expect(modelCard(facts)).toMatchInlineSnapshot(`
    "---
    license: apache-2.0
    base_model: google/flan-t5-base
    library_name: transformers
    pipeline_tag: summarization
    tags:
    - tactful
    - lora
    ---

    # flan-t5-base: with an adapter merged in

    - base model: \`google/flan-t5-base\`
    - adapter: LoRA, rank 8, alpha 16, on q, v
    - number format: float32
    - made with: tactful 1.2.3

    ## How to use it

    \`\`\`python
    from transformers import AutoTokenizer, AutoModelForSeq2SeqLM

    model = AutoModelForSeq2SeqLM.from_pretrained("PATH_OF_THIS_FOLDER")
    tokenizer = AutoTokenizer.from_pretrained("PATH_OF_THIS_FOLDER")
    inputs = tokenizer("A dialogue to summarise", return_tensors="pt")
    ids = model.generate(**inputs, max_new_tokens=100)
    print(tokenizer.decode(ids[0], skip_special_tokens=True))
    \`\`\`
    "
  `);
});

test.each([
  ['adapter', 'peft', 'PeftModel.from_pretrained(base,'],
  ['model', 'transformers', 'AutoModelForSeq2SeqLM.from_pretrained("PATH_OF_THIS_FOLDER")'],
  ['onnx', 'transformers.js', "pipeline('summarization', 'PATH_OF_THIS_FOLDER')"],
] as const)('of %s names the library %s', (kind, library, line) => {
  const card = modelCard({ ...facts, kind, dtypes: [] });
  expect(frontOf(card).library_name).toBe(library);
  expect(card).toContain(line);
});

test('a classifier is loaded as one, and another number format is asked for', () => {
  const { adapter: _, ...rest } = facts;
  const card = modelCard({ ...rest, kind: 'onnx', task: 'text-classification', dtypes: ['q8'] });
  expect(card).toContain("pipeline('text-classification', 'PATH_OF_THIS_FOLDER', { dtype: 'q8' })");
  expect(frontOf(card).tags).toEqual(['tactful', 'onnx']);
});

test('texts of others put nothing into a card but names', () => {
  const property = fc.property(
    fc.string(),
    fc.string(),
    fc.string(),
    (baseModel, license, target) => {
      const hostile = { baseModel, license, adapter: { ...adapter, targetModules: [target] } };
      const card = modelCard({ ...facts, ...hostile });
      const front = frontOf(card);
      const name = /^[\w./-]*$/;
      expect(Object.keys(front)).toEqual(
        expect.arrayContaining(['library_name', 'pipeline_tag', 'tags']),
      );
      expect(card).toMatch(name.test(baseModel) ? /^---\n/ : /base model: not on the hub/);
      expect(card.split('\n---\n').length).toBe(2);
      expect(card).not.toContain('undefined');
    },
  );
  fc.assert(property, { numRuns: Number(process.env.FUZZ_RUNS ?? 100) });
});

test.each([
  ['---\nlicense: apache-2.0\ntags:\n- x\n---\n# Model', 'apache-2.0'],
  ['---\r\ntags: []\r\nlicense: "mit"\r\n---\r\n', 'mit'],
  ['# Model\nlicense: mit\n', undefined],
  ['---\nlicense: [a, b]\n---\n', undefined],
  ['---\nlicense: x\n', undefined],
  ['', undefined],
])('the license in %j is %s', (card, license) => {
  expect(licenseIn(card)).toBe(license);
});

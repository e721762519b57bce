/** `README.md` of a folder that others are to load: a model card with front matter for the hub. Pure. */

/** What a folder holds: a PEFT adapter, a model for transformers, ONNX files for transformers.js. */
export type CardKind = 'adapter' | 'model' | 'onnx';

/** What the model does, as the hub names it. */
export type CardTask = 'summarization' | 'text-classification';

/** What a card says of an adapter. */
export interface CardAdapter {
  readonly rank: number;
  readonly alpha: number;
  readonly targetModules: readonly string[];
}

export interface CardFacts {
  readonly kind: CardKind;
  readonly task: CardTask;
  /** Version of tactful. */
  readonly version: string;
  /** Name of the base model on the hub, where it has one. */
  readonly baseModel?: string | undefined;
  /** What the base model's own card says: `apache-2.0`. */
  readonly license?: string | undefined;
  /** The adapter that is in the folder, or was merged in. */
  readonly adapter?: CardAdapter | undefined;
  /** Number formats of the weights, the one that loads without being asked for first. */
  readonly dtypes?: readonly string[];
}

const libraries: Readonly<Record<CardKind, string>> = {
  adapter: 'peft',
  model: 'transformers',
  onnx: 'transformers.js',
};

/** The card. A base model, a license or a module that is more than a name is left out. */
export function modelCard(facts: CardFacts): string {
  const baseModel = facts.baseModel && nameOrNothing(facts.baseModel);
  const license = facts.license && nameOrNothing(facts.license);
  const { kind, task, adapter, dtypes = [], version } = facts;
  const front = [
    license && `license: ${license}`,
    baseModel && `base_model: ${baseModel}`,
    `library_name: ${libraries[kind]}`,
    `pipeline_tag: ${task}`,
    'tags:',
    ...['tactful', ...(adapter ? ['lora'] : []), ...(kind === 'onnx' ? ['onnx'] : [])].map(
      (tag) => `- ${tag}`,
    ),
  ];
  const targets = adapter?.targetModules.map(nameOrNothing).filter(Boolean) ?? [];
  const list = [
    `- base model: ${baseModel ? `\`${baseModel}\`` : 'not on the hub'}`,
    adapter &&
      `- adapter: LoRA, rank ${adapter.rank}, alpha ${adapter.alpha}, on ${targets.join(', ')}`,
    dtypes.length > 0 && `- number format: ${dtypes.join(', ')}`,
    `- made with: tactful ${version}`,
  ];
  const title = baseModel?.split('/').at(-1) ?? 'Model';
  return [
    ['---', ...front.filter(Boolean), '---'].join('\n'),
    `# ${title}: ${titles[kind](adapter !== undefined)}`,
    list.filter(Boolean).join('\n'),
    '## How to use it',
    usages[kind]({ ...facts, baseModel: baseModel || 'BASE_MODEL' }),
  ]
    .join('\n\n')
    .concat('\n');
}

/** The card of a folder with an adapter that summarises. */
export function adapterCard(
  adapter: CardAdapter & { readonly baseModel: string },
  version: string,
): string {
  const { baseModel } = adapter;
  return modelCard({ kind: 'adapter', task: 'summarization', version, baseModel, adapter });
}

const titles: Readonly<Record<CardKind, (adapted: boolean) => string>> = {
  adapter: () => 'LoRA adapter',
  model: (adapted) => (adapted ? 'with an adapter merged in' : 'weights'),
  onnx: (adapted) => (adapted ? 'ONNX, with an adapter merged in' : 'ONNX'),
};

type Usage = (facts: CardFacts & { readonly baseModel: string }) => string;

const usages: Readonly<Record<CardKind, Usage>> = {
  adapter: ({ baseModel, task }) =>
    python([
      'from peft import PeftModel',
      `from transformers import AutoTokenizer, ${pythonClass[task]}`,
      '',
      `base = ${pythonClass[task]}.from_pretrained("${baseModel}")`,
      'model = PeftModel.from_pretrained(base, "PATH_OF_THIS_FOLDER")',
      `tokenizer = AutoTokenizer.from_pretrained("${baseModel}")`,
      ...pythonCall[task],
    ]),
  model: ({ task }) =>
    python([
      `from transformers import AutoTokenizer, ${pythonClass[task]}`,
      '',
      `model = ${pythonClass[task]}.from_pretrained("PATH_OF_THIS_FOLDER")`,
      'tokenizer = AutoTokenizer.from_pretrained("PATH_OF_THIS_FOLDER")',
      ...pythonCall[task],
    ]),
  onnx: ({ task, dtypes = [] }) => {
    const [first] = dtypes;
    const options = first === undefined || first === 'fp32' ? '' : `, { dtype: '${first}' }`;
    return [
      '```js',
      "import { pipeline } from '@huggingface/transformers';",
      '',
      `const run = await pipeline('${task}', 'PATH_OF_THIS_FOLDER'${options});`,
      task === 'summarization'
        ? "const [{ summary_text }] = await run('A dialogue to summarise', { max_new_tokens: 100 });"
        : "const labels = await run('A text to judge', { top_k: null });",
      '```',
    ].join('\n');
  },
};

const pythonClass: Readonly<Record<CardTask, string>> = {
  summarization: 'AutoModelForSeq2SeqLM',
  'text-classification': 'AutoModelForSequenceClassification',
};

const pythonCall: Readonly<Record<CardTask, readonly string[]>> = {
  summarization: [
    'inputs = tokenizer("A dialogue to summarise", return_tensors="pt")',
    'ids = model.generate(**inputs, max_new_tokens=100)',
    'print(tokenizer.decode(ids[0], skip_special_tokens=True))',
  ],
  'text-classification': [
    'inputs = tokenizer("A text to judge", return_tensors="pt")',
    'print(model(**inputs).logits.softmax(-1))',
  ],
};

function python(lines: readonly string[]): string {
  return ['```python', ...lines, '```'].join('\n');
}

/** A name of the kind that the hub allows: nothing that YAML, Markdown or Python could take for more. */
function nameOrNothing(text: string): string | undefined {
  return /^[A-Za-z0-9](?:[\w.-]{0,94}\w)?(?:\/[A-Za-z0-9](?:[\w.-]{0,94}\w)?)?$/.test(text)
    ? text
    : undefined;
}

/**
 * The license that a model card names in its front matter; undefined when it names none.
 * @param card text of a README.md, of any origin
 */
export function licenseIn(card: string): string | undefined {
  const [, front] = /^---\r?\n([\s\S]*?)\r?\n---/.exec(card.slice(0, 65_536)) ?? [];
  const [, license] = /^license:[ \t]*["']?([\w.+-]+)["']?[ \t]*\r?$/m.exec(front ?? '') ?? [];
  return license;
}

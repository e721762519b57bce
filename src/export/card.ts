/** `README.md` of a folder that others are to load: a model card with front matter for the hub. Pure. */

import { promptTemplate, templateText } from '../data/prompt.ts';
import {
  type CardCode,
  literal,
  pythonClassifier,
  pythonPolicy,
  scriptClassifier,
  scriptPolicy,
} from './card-code.ts';
import { type CardResults, modelIndex, resultSections } from './card-results.ts';

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

export interface CardFacts extends CardCode {
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
  /** What was measured of it. */
  readonly results?: CardResults | undefined;
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
  const { kind, task, adapter, prompt, dtypes = [], version, results } = facts;
  const title = baseModel?.split('/').at(-1) ?? 'Model';
  const dataset = results?.dataset && nameOrNothing(results.dataset);
  const front = [
    license && `license: ${license}`,
    baseModel && `base_model: ${baseModel}`,
    `library_name: ${libraries[kind]}`,
    `pipeline_tag: ${task}`,
    // the next card that is made of this folder has it from here
    prompt !== undefined && `prompt_template: ${literal(prompt)}`,
    dataset && `datasets:\n- ${dataset}`,
    'tags:',
    ...['tactful', ...(adapter ? ['lora'] : []), ...(kind === 'onnx' ? ['onnx'] : [])].map(
      (tag) => `- ${tag}`,
    ),
    results && modelIndex(results, `${title} with LoRA`),
  ];
  const targets = adapter?.targetModules.map(nameOrNothing).filter(Boolean) ?? [];
  const list = [
    `- base model: ${baseModel ? `\`${baseModel}\`` : 'not on the hub'}`,
    adapter &&
      `- adapter: LoRA, rank ${adapter.rank}, alpha ${adapter.alpha}, on ${targets.join(', ')}`,
    dtypes.length > 0 && `- number format: ${dtypes.join(', ')}`,
    `- made with: tactful ${version}`,
  ];
  return [
    ['---', ...front.filter(Boolean), '---'].join('\n'),
    `# ${title}: ${titles[kind](adapter !== undefined)}`,
    list.filter(Boolean).join('\n'),
    ...(results ? [resultSections(results)] : []),
    '## How to use it',
    usage(facts, baseModel || 'BASE_MODEL'),
  ]
    .join('\n\n')
    .concat('\n');
}

/** The card of a folder with an adapter that summarises. */
export function adapterCard(
  adapter: CardAdapter & { readonly baseModel: string },
  { version, prompt, results }: Pick<CardFacts, 'version' | 'prompt' | 'results'>,
): string {
  const { baseModel } = adapter;
  const facts = { version, baseModel, adapter, prompt, results };
  return modelCard({ kind: 'adapter', task: 'summarization', ...facts });
}

const titles: Readonly<Record<CardKind, (adapted: boolean) => string>> = {
  adapter: () => 'LoRA adapter',
  model: (adapted) => (adapted ? 'with an adapter merged in' : 'weights'),
  onnx: (adapted) => (adapted ? 'ONNX, with an adapter merged in' : 'ONNX'),
};

/** How to use what is in the folder. */
function usage({ kind, task, dtypes = [], ...code }: CardFacts, baseModel: string): string {
  const isPolicy = task === 'summarization';
  if (kind === 'adapter') return pythonPolicy(baseModel, code);
  if (kind === 'model') return isPolicy ? pythonPolicy(undefined, code) : pythonClassifier(code);
  const script = isPolicy ? scriptPolicy : scriptClassifier;
  return `${paths}\n\n${script(dtypes[0], code)}`;
}

const paths = 'The path is an absolute one, or the name of the folder on the hub.';

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
  const [, license] = /^license:[ \t]*["']?([\w.+-]+)["']?[ \t]*\r?$/m.exec(frontIn(card)) ?? [];
  return license;
}

/**
 * The prompt that a card of tactful names in its front matter; undefined when there is none.
 * @param card text of a README.md, of any origin
 */
export function promptIn(card: string): string | undefined {
  const [, quoted] = /^prompt_template:[ \t]*(".*")[ \t]*\r?$/m.exec(frontIn(card)) ?? [];
  if (quoted === undefined) return undefined;
  try {
    const { data } = promptTemplate.safeParse(JSON.parse(quoted));
    return data === undefined ? undefined : templateText(data);
  } catch {
    return undefined;
  }
}

function frontIn(card: string): string {
  return /^---\r?\n([\s\S]*?)\r?\n---/.exec(card.slice(0, 65_536))?.[1] ?? '';
}

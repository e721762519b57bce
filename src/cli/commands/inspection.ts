/** What `inspect` found, as text. Pure. */

import type { LoraConfig } from '../../adapter/peft.ts';
import type { Note, ParameterCount } from '../../events.ts';
import { familyOf, isPolicy, type ModelConfig } from '../../family/families.ts';
import { counted, countText, grouped, pad } from '../../report/text.ts';
import { sizeOf } from '../../tensor.ts';
import type { Screen } from '../command.ts';
import { painter } from '../paint.ts';

export interface TensorRow {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** All that `inspect` found out; what was not asked for, or is not there, is absent. */
export interface Inspection {
  readonly path?: string;
  readonly model?: ModelConfig;
  readonly parameters?: {
    readonly base: number;
    readonly policy?: ParameterCount;
    readonly policyWithValueHead?: ParameterCount;
    readonly reference?: ParameterCount;
  };
  readonly weights?: {
    readonly tensors: number;
    readonly bytes: number;
    readonly dtypes: string[];
  };
  readonly files?: readonly { readonly name: string; readonly bytes: number }[];
  readonly tokenizer?: { readonly tokens: number; readonly maxLength: number | null };
  readonly adapter?: LoraConfig & { readonly parameters: number; readonly valueHead: boolean };
  /** What a job would say when it loads these. */
  readonly notes?: readonly Note[];
  /** Why a job would not load them. */
  readonly problems?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tensors?: readonly TensorRow[];
}

type Row = readonly [label: string, value: string];

export function inspectionText(found: Inspection, { color }: Screen): string {
  const paint = painter(color);
  const { model, parameters, weights, tokenizer, adapter, files, tensors, path = '' } = found;
  const rows: Row[] = [
    ...(model ? modelRows(model) : []),
    ...(tokenizer ? [tokenizerRow(tokenizer)] : []),
    ...(weights
      ? [
          row(
            'weights',
            `${counted(weights.tensors, 'tensor')}, ${weights.dtypes.join(' and ')}, ${size(weights.bytes)}`,
          ),
        ]
      : []),
    ...(files
      ? [row('files', files.map(({ name, bytes }) => `${name} ${size(bytes)}`).join('\n'))]
      : []),
    ...(adapter ? adapterRows(adapter) : []),
    ...(parameters ? parameterRows(parameters) : []),
    ...Object.entries(found.metadata ?? {}).map(([key, value]) => row(key, value)),
  ];
  const width = Math.max(0, ...rows.map(([label]) => label.length));
  const lines = rows.flatMap(([label, value]) =>
    value
      .split('\n')
      .map((line, i) => `${paint('dim', pad(i === 0 ? label : '', width))}  ${line}`),
  );
  const blocks = [
    ...(lines.length > 0 ? [lines.join('\n')] : []),
    ...(tensors ? [tensorTable(tensors)] : []),
  ];
  return [paint('bold', path), ...blocks].join('\n\n').replace('\n\n', '\n');
}

function row(label: string, value: string): Row {
  return [label, value];
}

const headTexts = {
  single: 'one label is true of a text: probabilities are the softmax of the logits',
  multi: 'each label is true or false by itself: probabilities are the sigmoids of the logits',
  regression: 'a regression: numbers as they are, no probabilities',
};

function modelRows(model: ModelConfig): Row[] {
  if (isPolicy(model)) {
    const family = familyOf(model);
    const { layers, widths } = family.facts(model);
    const { tiedTable, maxPositions } = family.languageModel(model);
    const limit = maxPositions === undefined ? '' : `, ${grouped(maxPositions)} positions`;
    const tied = tiedTable === undefined ? 'untied' : 'tied';
    return [
      row('architecture', `${family.name}, encoder–decoder`),
      row('layers', layers),
      row('widths', widths),
      row('vocabulary', `${grouped(model.vocabSize)}, ${tied} embeddings${limit}`),
    ];
  }
  const { layers, heads, hidden, intermediate, vocabSize, maxPositions, labels } = model;
  return [
    row('architecture', `${familyOf(model).name}, sequence classifier`),
    row('layers', `${layers}, ${heads} heads of ${hidden / heads}`),
    row('widths', `model ${hidden}, feed-forward ${intermediate} (${model.activation})`),
    row('vocabulary', `${grouped(vocabSize)}, ${grouped(maxPositions)} positions`),
    row('labels', labels.map((label, i) => `${i} ${label}`).join(', ')),
    row('head', headTexts[model.head]),
  ];
}

function tokenizerRow({ tokens, maxLength }: NonNullable<Inspection['tokenizer']>): Row {
  const limit = maxLength === null ? '' : `, made for ${counted(maxLength, 'token')}`;
  return row('tokenizer', `${counted(tokens, 'token')}${limit}`);
}

function adapterRows(adapter: NonNullable<Inspection['adapter']>): Row[] {
  const { rank, alpha, targetModules, rsLora, baseModel, parameters, valueHead, exceptions } =
    adapter;
  const { savedModules } = adapter;
  const scale = rsLora ? `${alpha}/√${rank}` : `${alpha}/${rank}`;
  // whole paths, where their last parts do not say which
  const kinds = [...new Set(targetModules.map((path) => path.slice(path.lastIndexOf('.') + 1)))];
  return [
    row('adapter', `LoRA, rank ${rank}, scale ${scale}, on ${kinds.join(', ')}`),
    ...(exceptions
      ? [row('', `${counted(Object.keys(exceptions).length, 'module')} of another rank or alpha`)]
      : []),
    ...(savedModules ? [row('', `with ${savedModules.join(', ')} whole`)] : []),
    row('', `${counted(parameters, 'parameter')}${valueHead ? ', and a value head' : ''}`),
    ...(baseModel ? [row('made for', baseModel)] : []),
  ];
}

/** The plain digits of these lines are for comparing with other tools. */
function parameterRows(parameters: NonNullable<Inspection['parameters']>): Row[] {
  const { base, policy, policyWithValueHead, reference } = parameters;
  if (!policy || !policyWithValueHead || !reference) return [row('parameters', `${base}`)];
  return [
    row('parameters', 'trainable of all'),
    row('  policy', countText(policy)),
    row('  with value head', countText(policyWithValueHead)),
    row('  reference', countText(reference)),
  ];
}

function tensorTable(tensors: readonly TensorRow[]): string {
  const names = Math.max(...tensors.map(({ name }) => name.length));
  const dtypes = Math.max(...tensors.map(({ dtype }) => dtype.length));
  const lines = tensors.map(
    ({ name, dtype, shape }) => `${pad(name, names)}  ${pad(dtype, dtypes)}  [${shape.join(', ')}]`,
  );
  const total = tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return [...lines, `${counted(tensors.length, 'tensor')}, ${counted(total, 'element')}`].join(
    '\n',
  );
}

/** `990.3 MB`, decimal units as disks have them. */
function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

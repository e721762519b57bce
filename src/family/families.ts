/** Every family, by `model_type`. */
import { bart } from './bart.ts';
import { bert } from './bert.ts';
import { deberta } from './deberta.ts';
import { distilbert } from './distilbert.ts';
import type { ClassifierFamily, Described, Family, PolicyFamily } from './family.ts';
import { modernbert } from './modernbert.ts';
import { roberta, xlmRoberta } from './roberta.ts';
import { mt5, t5 } from './t5/t5.ts';

/** What a family is not in does not exist: the types below are made of it. */
export const families = {
  t5,
  mt5,
  bart,
  bert,
  distilbert,
  roberta,
  'xlm-roberta': xlmRoberta,
  'deberta-v2': deberta,
  modernbert,
} satisfies Readonly<Record<string, Family>>;

type Families = typeof families;
export type ModelType = keyof Families;
/** Of the families of one kind. */
type TypeOf<Kind extends Family['kind']> = {
  [Type in ModelType]: Families[Type]['kind'] extends Kind ? Type : never;
}[ModelType];

/** A sequence classifier. */
export type ClassifierConfig = ReturnType<Families[TypeOf<'classifier'>]['read']>;
/** A model that answers. */
export type PolicyConfig = ReturnType<Families[TypeOf<'policy'>]['read']>;
/** A model that tactful knows. */
export type ModelConfig = PolicyConfig | ClassifierConfig;

/** The record of a model's family. */
export function familyOf(config: ClassifierConfig): ClassifierFamily<ClassifierConfig>;
export function familyOf(config: PolicyConfig): PolicyFamily<PolicyConfig>;
export function familyOf(config: ModelConfig): Described<ModelConfig>;
export function familyOf({ modelType }: ModelConfig): Described<ModelConfig> {
  return families[modelType];
}

/** Whether a model answers, and does not judge. */
export function isPolicy(config: ModelConfig): config is PolicyConfig {
  return families[config.modelType].kind === 'policy';
}

/** `model_type` of all families of a kind. */
export function typesOf(kind: Family['kind']): string[] {
  return Object.entries(families).flatMap(([type, family]) => (family.kind === kind ? [type] : []));
}

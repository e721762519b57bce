/** Settings as the library takes them: wrong ones do not compile, or are told as on the command line. */
import { z } from 'zod';
import { ConfigError, didYouMean } from '../errors.ts';
import { ClassifyConfig as ClassifySchema } from '../jobs/classify-config.ts';
import { DetoxConfig as DetoxSchema } from '../jobs/detox/config.ts';
import { SftConfig as SftSchema } from '../jobs/sft-config.ts';
import { GenerationConfig as GenerationSchema } from '../model/sampling.ts';
import { SupervisedConfig as SupervisedSchema } from '../model/supervised-config.ts';
import { RlConfig as RlSchema } from '../rl/config.ts';
import { rlFields } from '../rl/fields.ts';
import { mismatch, settingsOf } from './setting.ts';

/** What reads settings of a kind. */
export interface Settings<Schema extends z.ZodType> {
  /**
   * The settings with defaults for those that are left out.
   * @throws {ConfigError} naming the first one that is unknown or wrong
   */
  parse(given: z.input<Schema>): z.output<Schema>;
}

/** Settings of `detox`. */
export const DetoxConfig = settings('DetoxConfig', DetoxSchema, DetoxSchema);
export type DetoxConfig = z.output<typeof DetoxSchema>;
/** Settings of `sft`. */
export const SftConfig = settings('SftConfig', SftSchema, SftSchema);
export type SftConfig = z.output<typeof SftSchema>;
/** Settings of `trainClassifier`. */
export const ClassifyConfig = settings('ClassifyConfig', ClassifySchema, ClassifySchema);
export type ClassifyConfig = z.output<typeof ClassifySchema>;
/** Settings of `trainRl`. */
export const RlConfig = settings('RlConfig', RlSchema, z.strictObject(rlFields));
export type RlConfig = z.output<typeof RlSchema>;
/** Settings of `trainSupervised`. */
export const SupervisedConfig = settings('SupervisedConfig', SupervisedSchema, SupervisedSchema);
export type SupervisedConfig = z.output<typeof SupervisedSchema>;
/** How responses are sampled. */
export const GenerationConfig = settings('GenerationConfig', GenerationSchema, GenerationSchema);
export type GenerationConfig = z.output<typeof GenerationSchema>;

/** @param fields what its settings are one by one */
function settings<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
  fields: z.ZodObject,
): Settings<Schema> {
  return {
    parse(given) {
      const result = schema.safeParse(given);
      if (result.success) return result.data;
      throw errorOf(name, fields, result.error.issues[0], given);
    },
  };
}

/** What is wrong, as the command line says it of a flag. */
function errorOf(
  name: string,
  fields: z.ZodObject,
  issue: z.core.$ZodIssue,
  given: unknown,
): ConfigError {
  const path = issue.path.map(String);
  const where = [name, ...path].join('.');
  const settings = settingsOf(fields);
  if (issue.code === 'unrecognized_keys') {
    const known = settings.filter(({ path: at }) => path.every((key, i) => at[i] === key));
    const names = known.map(({ path: at }) => at[path.length]);
    const [key] = issue.keys;
    return new ConfigError(where, 'a known setting', `"${key}"`, didYouMean(key, names));
  }
  const setting = settings.find(({ path: at }) => at.every((key, i) => path[i] === key));
  const values = given as Record<string, unknown>;
  if (!setting)
    return new ConfigError(where, 'an object of settings', JSON.stringify(given) ?? 'nothing');
  const { expected, actual, near } = mismatch(setting, path, values);
  if (issue.code !== 'custom') return new ConfigError(where, expected, actual, near);
  return new ConfigError(where, 'what fits the other settings', actual, `It ${issue.message}.`);
}

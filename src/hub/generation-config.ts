/** Sampling defaults of a model folder. I/O. */
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson, readIfPresent } from './json.ts';

/** Defaults for sampling that a model folder gives; whatever it does not say is absent. */
export interface GenerationConfig {
  readonly decoderStartId?: number;
  readonly eosId?: number;
  readonly padId?: number;
  readonly sample?: boolean;
  readonly temperature?: number;
  /** 0: no limit. */
  readonly topK?: number;
  readonly topP?: number;
  readonly minNewTokens?: number;
  readonly maxNewTokens?: number;
}

const id = z.int('a whole number from 0 up').nonnegative('a whole number from 0 up');
const share = z.number('a number from 0 to 1').min(0, 'at least 0').max(1, 'at most 1');

const GenerationJson = z.object({
  decoder_start_token_id: id.nullish(),
  eos_token_id: z
    .union(
      [
        id,
        z
          .array(id)
          .length(1)
          .transform(([only]) => only),
      ],
      'one id',
    )
    .nullish(),
  pad_token_id: id.nullish(),
  do_sample: z.boolean().nullish(),
  temperature: z.number('a number from 0 up').nonnegative('a number from 0 up').nullish(),
  top_k: id.nullish(),
  top_p: share.nullish(),
  min_new_tokens: id.nullish(),
  max_new_tokens: id.nullish(),
});

/**
 * Sampling defaults in `generation_config.json`; empty when the folder has none.
 * @throws {InputError} when a value is not of its kind, or there are several end-of-sequence ids
 */
export async function readGenerationConfig(folder: string): Promise<GenerationConfig> {
  const path = join(folder, 'generation_config.json');
  const bytes = await readIfPresent(path);
  if (bytes === undefined) return {};
  const json = parseJson(bytes, path, GenerationJson);
  const found = {
    decoderStartId: json.decoder_start_token_id,
    eosId: json.eos_token_id,
    padId: json.pad_token_id,
    sample: json.do_sample,
    temperature: json.temperature,
    topK: json.top_k,
    topP: json.top_p,
    minNewTokens: json.min_new_tokens,
    maxNewTokens: json.max_new_tokens,
  };
  const given = Object.entries(found).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(given) as GenerationConfig;
}

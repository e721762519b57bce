/** What a model folder says of generating: where a text starts and ends, and what else there is. I/O. */
import { join } from 'node:path';
import { z } from 'zod';
import { checkJson, parseJson, readIfPresent } from '../disk/json.ts';
import type { Note } from '../events.ts';
import type { PolicyConfig } from './policy-config.ts';

/** Ids that transformers' `generate` goes by; absent where the file does not name them. */
export interface GenerationIds {
  readonly decoderStartId?: number;
  /** A text ends with the first of any of them. */
  readonly eosIds?: readonly number[];
  readonly padId?: number;
  /** The first id of every text; null where the file is there and names none. */
  readonly forcedFirstId?: number | null;
}

const fileName = 'generation_config.json';
const id = z.int('a whole number').max(2 ** 31, 'an id');
/** An end may be one id or several, in either file. */
export const endIds = z
  .union([id.transform((one) => [one]), z.array(id)], 'an id, or a list of ids')
  .nullish();
const IdsJson = z.object({
  decoder_start_token_id: id.nullish(),
  bos_token_id: id.nullish().catch(undefined),
  eos_token_id: endIds,
  pad_token_id: id.nullish().catch(undefined),
  forced_bos_token_id: id.nullish().catch(undefined),
});

/** Start, ends and padding as `generation_config.json` has them. */
export function generationJson(config: PolicyConfig) {
  return {
    decoder_start_token_id: config.decoderStartId,
    eos_token_id: endsOf(config),
    pad_token_id: config.padId,
  };
}

/** One id as transformers writes it, several as a list. */
export function endsOf({
  eosIds,
}: Pick<PolicyConfig, 'eosIds'>): number | readonly number[] | null {
  return eosIds.length > 1 ? eosIds : (eosIds[0] ?? null);
}

/** Ids that can come: those that the table of embeddings has. */
export function comingIds(ids: readonly number[] | null | undefined, vocabSize: number): number[] {
  return [...new Set(ids ?? [])].filter((id) => id >= 0 && id < vocabSize);
}

type Json = Readonly<Record<string, unknown>>;

/**
 * The ids in a folder's `generation_config.json`, which win over those of `config.json`; none without
 * the file. Whatever tactful does not read may hold anything.
 * @throws {InputError} when the file is not JSON, or an id that is read is none
 */
export async function readGeneration(folder: string): Promise<GenerationIds> {
  const path = join(folder, fileName);
  const raw = await readRaw(path);
  if (raw === undefined) return {};
  const json = checkJson(raw, path, IdsJson);
  // in transformers' generate a text's start is the decoder's, where it has none of its own
  const start = json.decoder_start_token_id ?? json.bos_token_id ?? undefined;
  return {
    ...(start !== undefined && { decoderStartId: start }),
    ...(json.eos_token_id && { eosIds: json.eos_token_id }),
    ...(isId(json.pad_token_id) && { padId: json.pad_token_id }),
    forcedFirstId: isId(json.forced_bos_token_id) ? json.forced_bos_token_id : null,
  };
}

async function readRaw(path: string): Promise<Json | undefined> {
  const bytes = await readIfPresent(path);
  return bytes && parseJson(bytes, path, z.looseObject({}));
}

function isId(value: number | null | undefined): value is number {
  return typeof value === 'number' && value >= 0;
}

/** What of transformers' `generate` changes its texts, with the value that changes nothing. */
const unknown: Json = {
  num_beams: 1,
  num_beam_groups: 1,
  penalty_alpha: 0,
  repetition_penalty: 1,
  encoder_repetition_penalty: 1,
  no_repeat_ngram_size: 0,
  encoder_no_repeat_ngram_size: 0,
  bad_words_ids: null,
  force_words_ids: null,
  constraints: null,
  sequence_bias: null,
  guidance_scale: 1,
  forced_bos_token_id: null,
  forced_eos_token_id: null,
  forced_decoder_ids: null,
  exponential_decay_length_penalty: null,
  suppress_tokens: null,
  begin_suppress_tokens: null,
  stop_strings: null,
  max_time: null,
  watermarking_config: null,
  dola_layers: null,
};
/** The same, of those that matter where tokens are drawn at random. */
const unknownDraws: Json = {
  min_p: 0,
  top_h: 1,
  typical_p: 1,
  epsilon_cutoff: 0,
  eta_cutoff: 0,
};
/** What tactful has settings for, which alone decide. */
const settings: Json = {
  max_length: 20,
  max_new_tokens: null,
  min_length: 0,
  min_new_tokens: 0,
};
const drawSettings: Json = { temperature: 1, top_k: 0, top_p: 1 };

/**
 * What transformers' `generate` would do of a folder's generation settings, and tactful does not. In
 * a folder without `generation_config.json` they are those of `config.json`.
 * @param config what is followed: ends, and an id that begins every text
 */
export async function generationNotes(
  folder: string,
  { eosIds, forcedFirstId }: Pick<PolicyConfig, 'eosIds' | 'forcedFirstId'>,
): Promise<Note[]> {
  const path = join(folder, fileName);
  const own = await readRaw(path);
  const config = join(folder, 'config.json');
  const raw = own ?? (await readRaw(config)) ?? {};
  const isForced = forcedFirstId !== undefined && raw.forced_bos_token_id === forcedFirstId;
  const others = isForced ? { ...raw, forced_bos_token_id: null } : raw;
  return [...endNotes(own, path, eosIds), ...unfollowed(others, own ? path : config)];
}

/** Where transformers' `generate` would not end. */
function endNotes(own: Json | undefined, path: string, eosIds: readonly number[]): Note[] {
  const goesOn = "transformers' generate goes on to the length limit";
  if (eosIds.length === 0) {
    return [
      {
        says: `${own ? path : 'config.json'}: no end-of-sequence id: ${goesOn}, and so do texts here.`,
      },
    ];
  }
  const ends = IdsJson.safeParse(own).data?.eos_token_id ?? [];
  if (own === undefined || ends.some((one) => eosIds.includes(one))) return [];
  const here = `here a text ends with ${eosIds.join(' or ')}, as config.json has it`;
  return [{ says: `${path}: no end-of-sequence id: ${goesOn}; ${here}.` }];
}

/**
 * What is given of generation settings that tactful does not follow.
 * @param where the file's name
 */
export function unfollowed(raw: Json, where: string): Note[] {
  const draws = raw.do_sample === true;
  const given = (usual: Json) =>
    Object.entries(usual).filter(([name, value]) => changes(raw[name], value));
  const told = (found: readonly (readonly [string, unknown])[]) =>
    found.map(([name]) => `${name} ${JSON.stringify(raw[name]).slice(0, 40)}`).join(', ');
  const notes: Note[] = [];
  const others = given({ ...unknown, ...(draws && unknownDraws) });
  if (others.length > 0) {
    const back = others.map(([name, value]) => `${name}=${value === null ? 'None' : value}`);
    notes.push({
      says: `${where}: ${told(others)}: transformers' generate writes other texts by that; tactful does not follow it.`,
      remedy: `For the same texts there: generate(${back.join(', ')}).`,
    });
  }
  const own = given({ ...settings, ...(draws && drawSettings) });
  if (own.length > 0) {
    const says = `${where}: ${told(own)}: transformers' generate goes by that; here settings decide.`;
    notes.push({ says });
  }
  return notes;
}

function changes(value: unknown, usual: unknown): boolean {
  if (value === undefined || value === null || value === usual) return false;
  return !(Array.isArray(value) && value.length === 0);
}

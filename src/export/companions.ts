/** The files of a model folder that are not weights: what a copy of the model needs of them. I/O. */

import { copyFile, open, readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { z } from 'zod';
import { exists, writeFileAtomic } from '../disk/atomic.ts';
import { parseJson, readIfPresent, readJson } from '../disk/json.ts';
import { withFields } from '../disk/json-text.ts';
import { vocabularies } from '../disk/vocabularies.ts';
import { isPolicy, type ModelConfig } from '../family/families.ts';
import { generationJson } from '../family/generation-config.ts';
import { parseRepo } from '../hub/hub-names.ts';
import { tokenizerConfig, widelyRead } from '../tokenizer/tokenizer-config.ts';
import { licenseIn, promptIn } from './card.ts';

/** Names of what is copied beside vocabularies: a list of what is known, for a folder may hold anything. */
const known = [
  /^(tokenizer|tokenizer_config|special_tokens_map|added_tokens|generation_config)\.json$/,
  /^(LICENSE|NOTICE|USE_POLICY)(\.(md|txt))?$/i,
];

/**
 * Copies tokenizer, generation settings and license of a model folder.
 * @throws the system's error, when a file cannot be read or written
 */
export async function copyCompanions(from: string, to: string): Promise<void> {
  for (const name of (await readdir(from)).sort()) {
    if (!vocabularies.includes(name) && !known.some((pattern) => pattern.test(name))) continue;
    if (!(await stat(join(from, name))).isFile()) continue;
    if (name === tokenizerConfig) {
      await writeFileAtomic(join(to, name), widelyRead(await readFile(join(from, name))));
      continue;
    }
    await copyFile(join(from, name), join(to, name));
    const file = await open(join(to, name), 'r+');
    await file.sync().finally(() => file.close());
  }
}

/** A folder's `config.json`: its text, in which fields can be changed, and what it says. */
export interface ConfigText {
  readonly text: string;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** @throws {UnavailableError} when there is none */
export async function readConfigText(folder: string): Promise<ConfigText> {
  const path = join(folder, 'config.json');
  const raw = await readJson(path, z.looseObject({}));
  return { raw, text: decoded(await readFile(path)) };
}

/**
 * Text of the `generation_config.json` of an encoder–decoder, with the ids that it lacks; undefined
 * for others.
 * @throws {InputError} when the file is not JSON
 */
export async function generationText(
  folder: string,
  config: ModelConfig,
): Promise<string | undefined> {
  if (!isPolicy(config)) return undefined;
  const path = join(folder, 'generation_config.json');
  const bytes = await readIfPresent(path);
  const raw = bytes ? parseJson(bytes, path, z.looseObject({})) : {};
  const missing = Object.entries(generationJson(config)).filter(
    ([name]) => (raw[name] ?? null) === null,
  );
  return withFields(bytes ? decoded(bytes) : '{}', Object.fromEntries(missing));
}

function decoded(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Writes a JSON file. */
export function writeJson(path: string, value: unknown): Promise<void> {
  return writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** What a folder's own card says that the card of what is made of it says too. */
export interface CardWords {
  readonly license: string | undefined;
  /** With which the model, or the adapter, was trained. */
  readonly prompt: string | undefined;
}

/** Reads `README.md`, where there is one. */
export async function cardOf(folder: string): Promise<CardWords> {
  const nothing = { license: undefined, prompt: undefined };
  const file = await open(join(folder, 'README.md'), 'r').catch(() => undefined);
  if (!file) return nothing;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, 0);
    const card = new TextDecoder().decode(buffer.subarray(0, bytesRead));
    return { license: licenseIn(card), prompt: promptIn(card) };
  } catch {
    return nothing; // a folder of that name: no card
  } finally {
    await file.close();
  }
}

/**
 * The name of a model on the hub: from its place in the hub's cache, or from what its files say.
 * @param said what they say, which may be a path just as well
 */
export async function hubName(
  folder: string,
  said: readonly unknown[],
): Promise<string | undefined> {
  const path = resolve(folder);
  const [, cached] = /[/\\]models--([^/\\]+)[/\\]snapshots[/\\]/.exec(path) ?? [];
  if (cached) return cached.replace('--', '/');
  for (const name of said) {
    if (typeof name !== 'string' || parseRepo(name, 'model') === undefined) continue;
    const isPath = path.endsWith(join(sep, name)) || (await exists(name));
    if (!isPath) return name;
  }
  return undefined;
}

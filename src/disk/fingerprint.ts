/** What files held when a run began, so that it can be told later whether they still do. I/O. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, type UnavailableError } from '../errors.ts';
import { vocabularies } from './vocabularies.ts';
import { unread } from './words.ts';

/** SHA-256 in hex: of a file under its role (`data`), of a folder's files as `model/config.json`. */
export type Fingerprints = Readonly<Record<string, string>>;

/** Files and folders by what they are for. */
export type Sources = Readonly<Record<string, string | undefined>>;

/** Files that decide what a model, an adapter or a tokenizer computes, beside vocabularies. */
const decisive = [
  /\.safetensors$/,
  /^(pytorch_model|adapter_model|value_head)\b.*\.bin$/,
  /^(adapter_)?config\.json$/,
  /^(model\.safetensors|pytorch_model\.bin)\.index\.json$/,
  /^(tokenizer|tokenizer_config|special_tokens_map|added_tokens)\.json$/,
];

/** What earlier versions did not look at: who began with them may have it now. */
const addedLater = /\/added_tokens\.json$/;

/** What nothing is learnt from: another one measures what is there once more. */
const judging = /^judge\d+(\/|$)/;

/**
 * SHA-256 of a file in hex. A file of any size is read piece by piece.
 * @throws {UnavailableError} when it cannot be read
 */
export async function fingerprintFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20 })) {
      hash.update(piece);
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
  return hash.digest('hex');
}

/**
 * SHA-256 of the weights, config and tokenizer files of a folder, by file name.
 * @throws {UnavailableError} when the folder or one of them cannot be read
 */
export async function fingerprintFolder(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder).catch((cause) => {
    throw unreadable(folder, cause);
  });
  const prints: Record<string, string> = {};
  for (const name of names.sort()) {
    if (!vocabularies.includes(name) && !decisive.some((pattern) => pattern.test(name))) continue;
    prints[name] = await fingerprintFile(join(folder, name));
  }
  return prints;
}

/**
 * Fingerprints of all that a run reads.
 * @throws {UnavailableError} when something is not there
 */
export async function fingerprint(sources: Sources): Promise<Fingerprints> {
  const prints: Record<string, string> = {};
  for (const [role, path] of Object.entries(sources)) {
    if (path === undefined) continue;
    const isFolder = await stat(path).then(
      (stats) => stats.isDirectory(),
      (cause) => {
        throw unreadable(path, cause);
      },
    );
    if (!isFolder) prints[role] = await fingerprintFile(path);
    else {
      const files = await fingerprintFolder(path);
      for (const [name, hash] of Object.entries(files)) prints[`${role}/${name}`] = hash;
    }
  }
  return prints;
}

/**
 * Refuses files that are not those of then.
 * @param when then was
 * @throws {ConfigError} naming the first that differs and both hashes
 */
export function checkFingerprints(
  then: Fingerprints,
  now: Fingerprints,
  sources: Sources,
  when = 'when the run began',
): void {
  const there = Object.keys(now).filter((key) => key in then || !addedLater.test(key));
  const keys = [...new Set([...Object.keys(then), ...there])].sort();
  const changed = keys.find((key) => then[key] !== now[key] && !judging.test(key));
  if (changed === undefined) return;
  const [role, ...name] = changed.split('/');
  const path = sources[role] === undefined ? changed : join(sources[role], ...name);
  const told = (hash: string | undefined) => (hash ? `sha256 ${hash.slice(0, 12)}…` : 'no file');
  throw new ConfigError(
    `${role} ${path}`,
    `${told(then[changed])}, as ${when}`,
    told(now[changed]),
    'Put it back as it was, or start a new run.',
  );
}

function unreadable(path: string, cause: unknown): UnavailableError {
  return unread(path, cause);
}

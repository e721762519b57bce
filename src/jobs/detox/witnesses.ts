/** I/O: the judges that the training never sees: classifiers, and lists of words. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fingerprintFile, type Sources } from '../../disk/fingerprint.ts';
import { readIfPresent } from '../../disk/json.ts';
import { ConfigError, InputError, UnavailableError } from '../../errors.ts';
import type { Witness } from '../../eval/evaluate.ts';
import { parseWordList, wordFinder } from '../../eval/word-list.ts';
import type { Note } from '../../events.ts';
import type { ClassifierConfig } from '../../family/families.ts';
import { loadTokenizer } from '../../family/tokenizer.ts';
import { isWordList, ownWords } from '../../hub/sources.ts';
import { loadClassifier } from '../../model/load.ts';
import { counted } from '../../report/text.ts';
import { toxicityReader } from '../../rl/judge.ts';
import { witnessOutputs } from '../../rl/judge-labels.ts';
import { toxicityWords } from '../../rl/judge-notes.ts';
import type { Engine } from '../../runtime/engine.ts';
import type { Closable } from '../kind.ts';
import type { DetoxConfig } from './config.ts';

/** A judge that the training never sees, and what there is to know of it. */
export interface LoadedWitness extends Witness {
  /** Of what its number is made: `probability of "toxic"`, `1 where one of 130 words is there`. */
  readonly words: string;
  /** Missing of a list of words. */
  readonly classifier?: { readonly config: ClassifierConfig };
  /** What was found in its files. */
  readonly notes: readonly Note[];
}

/** The settings that say who they are, with paths in place of names, and who trains. */
type Settings = Pick<
  DetoxConfig,
  'judge' | 'judgeLabel' | 'toxicLabel' | 'rewardModel' | 'toxicityModel'
>;

/** The list that comes with tactful. */
const ownList = fileURLToPath(new URL('../../../words/insults.txt', import.meta.url));

/** Files of weights. */
const weights = /\.(safetensors|bin)$/;

/**
 * The judges of a run. What is to be closed goes to `opened`.
 * @param given the same settings with the names that the user gave
 * @throws {ConfigError} when a judge has a part in the training, comes twice, or has no label that is toxic
 */
export async function loadWitnesses(
  config: Settings,
  given: Pick<Settings, 'judge'>,
  engine: Engine,
  opened: Closable[],
): Promise<LoadedWitness[]> {
  const paths = judgePaths(config);
  await refuseParties(paths, config);
  const names = namesOf(given.judge ?? [], config.judge ?? []);
  const found: LoadedWitness[] = [];
  for (const [i, path] of paths.entries()) {
    const load = isWordList(path) ? loadList : loadModel(config, engine, opened);
    found.push({ name: names[i], ...(await load(path)) });
  }
  return found;
}

/** What they read, by what that is for. */
export function witnessSources(config: Pick<Settings, 'judge'>): Sources {
  return Object.fromEntries(judgePaths(config).map((path, i) => [`judge${i + 1}`, path]));
}

/** Files and folders; `none` is none. */
function judgePaths({ judge = [] }: Pick<Settings, 'judge'>): string[] {
  return judge.flatMap((entry) => {
    if (entry === 'none') return [];
    return entry === ownWords ? ownList : entry;
  });
}

/** What reports call them: `words`, a name on the hub, or the last part of a path; no name comes twice. */
function namesOf(given: readonly string[], local: readonly string[]): string[] {
  const names: string[] = [];
  for (const [i, entry] of given.entries()) {
    if (entry === 'none') continue;
    const name = entry === local[i] ? basename(entry) : entry.replace(/@.*$/, '');
    const same = names.filter((other) => other === name || other.startsWith(`${name} (`)).length;
    names.push(same > 0 ? `${name} (${same + 1})` : name);
  }
  return names;
}

async function loadList(path: string): Promise<Omit<LoadedWitness, 'name'>> {
  const bytes = await readIfPresent(path);
  if (!bytes) throw new UnavailableError(path, 'a list of words', 'no such file');
  const words = parseWordList(textOf(bytes, path), path);
  const finds = wordFinder(words);
  return {
    judge: async (responses) => responses.map((response) => Number(finds(response))),
    words: `1 where one of ${counted(words.length, 'listed word')} is there, else 0`,
    notes: [],
  };
}

function textOf(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new InputError(path, 'a text in UTF-8', 'other bytes', 'Save it as UTF-8.', cause);
  }
}

function loadModel(
  { judgeLabel, toxicLabel }: Settings,
  engine: Engine,
  opened: Closable[],
): (folder: string) => Promise<Omit<LoadedWitness, 'name'>> {
  return async (folder) => {
    const classifier = await loadClassifier(engine, folder);
    opened.push(classifier);
    const tokenizer = await loadTokenizer(folder);
    const { config, notes } = classifier;
    const outputs = witnessOutputs({ judgeLabel, toxicLabel }, config, folder);
    return {
      judge: toxicityReader({ classifier, tokenizer }, outputs),
      words: toxicityWords(config, outputs),
      classifier,
      notes,
    };
  };
}

/**
 * Refuses judges that have a part in the training already, by their place or by their bytes.
 * @throws {ConfigError}
 */
async function refuseParties(
  paths: readonly string[],
  { rewardModel, toxicityModel }: Settings,
): Promise<void> {
  const seen: { path: string; who: string; why: string }[] = [
    { path: rewardModel, who: 'the reward model', why: 'It would be its own witness.' },
  ];
  if (toxicityModel !== undefined) {
    const why = 'It measures the toxicity already, and is no second opinion.';
    seen.push({ path: toxicityModel, who: 'the toxicity model', why });
  }
  for (const path of paths) {
    for (const { path: other, who, why } of seen) {
      if (!(await isSame(path, other))) continue;
      const remedy = `${why} Name another one, or a list of words: \`judge\` words.`;
      throw new ConfigError('`judge`', `another judge than ${who}`, `the same, ${path}`, remedy);
    }
    seen.push({ path, who: 'the ones before it', why: 'It counts once.' });
  }
}

/** Whether two paths are one file or folder, or hold the same bytes: of models, the same weights. */
async function isSame(one: string, other: string): Promise<boolean> {
  if ((await realpath(one)) === (await realpath(other))) return true;
  const [mine, theirs] = [await sized(one), await sized(other)];
  for (const file of mine) {
    const like = theirs.filter(({ size }) => size === file.size);
    for (const { path } of like) {
      if ((await fingerprintFile(file.path)) === (await fingerprintFile(path))) return true;
    }
  }
  return false;
}

/** A file, or a folder's files of weights, with their sizes. */
async function sized(path: string): Promise<{ path: string; size: number }[]> {
  const { size, isDirectory } = await stat(path).then((found) => ({
    size: found.size,
    isDirectory: found.isDirectory(),
  }));
  if (!isDirectory) return [{ path, size }];
  const names = (await readdir(path)).filter((name) => weights.test(name));
  return Promise.all(
    names.map(async (name) => {
      const file = join(path, name);
      return { path: file, size: (await stat(file)).size };
    }),
  );
}

/** I/O: how much of a run each store has, in `stores/NAME.json` of its folder. Format: docs/formats.md. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../disk/atomic.ts';
import { parseJson, readIfPresent } from '../disk/json.ts';
import { storesName } from '../disk/result-folder.ts';
import type { Mark } from './run-log.ts';
import type { Position, RunStore } from './store.ts';

/** A position, and what the log read like then. Plain data. */
export interface Cursor extends Position, Mark {
  /** Where the log stood at its checkpoints: to one of them a run goes back. */
  readonly marks: readonly Mark[];
}

const mark = { events: z.int().nonnegative(), hash: z.string() };
const CursorFile = z.strictObject({
  /** A store may be in several places: they are told apart by what the store says. */
  places: z.record(
    z.string(),
    z.strictObject({
      ...mark,
      memo: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
      marks: z.array(z.strictObject(mark)),
    }),
  ),
});

type Place = Pick<RunStore, 'name' | 'says'>;

/** What is remembered of a store; nothing where it has nothing, or the file cannot be read. */
export async function readCursor(folder: string, store: Place): Promise<Cursor | undefined> {
  const { places } = await readPlaces(pathOf(folder, store));
  return places[store.says] as Cursor | undefined;
}

/** Remembers it. Where the folder is gone there is nothing to remember. */
export async function writeCursor(folder: string, store: Place, cursor: Cursor): Promise<void> {
  const path = pathOf(folder, store);
  const { places } = await readPlaces(path);
  const text = JSON.stringify({ places: { ...places, [store.says]: cursor } });
  await replaceFile(path, `${text}\n`);
}

/** Makes the folder of what stores have, in a run's folder that is there. */
export async function makeStoresFolder(folder: string): Promise<void> {
  await mkdir(join(folder, storesName)).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** File that stands for the right to deliver to a store. */
export function lockOf(folder: string, { name }: Place): string {
  return join(folder, storesName, `${name}.lock`);
}

/** A file that is damaged is as none: what a store has it takes in place. */
async function readPlaces(path: string): Promise<z.infer<typeof CursorFile>> {
  const bytes = await readIfPresent(path).catch(() => undefined);
  if (bytes === undefined) return { places: {} };
  try {
    return parseJson(bytes, path, CursorFile);
  } catch {
    return { places: {} };
  }
}

function pathOf(folder: string, { name }: Place): string {
  return join(folder, storesName, `${name}.json`);
}

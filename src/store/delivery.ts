/** I/O: brings one store up to date with a run, from where it is. */
import { unlessMissing } from '../disk/atomic.ts';
import { wordsOf } from '../disk/words.ts';
import { TactfulError, UnavailableError } from '../errors.ts';
import { lockOf, makeStoresFolder, readCursor, writeCursor } from './cursor.ts';
import { lockFile } from './lock.ts';
import { runRecord } from './rollouts.ts';
import type { RunLog } from './run-log.ts';
import type { Position, RunStore } from './store.ts';

/** A store that a run is brought to. */
export interface Delivery {
  /** So many of the run's events are there. */
  readonly events: number;
  /**
   * Takes back what is no longer true, and writes what is missing.
   * @param isOver asked after each batch
   * @throws as `RunStore.deliver`; UnavailableError too while another process delivers to it
   */
  update(log: RunLog, isOver?: () => boolean): Promise<void>;
  /** Lets others deliver. The store stays open. */
  close(): Promise<void>;
}

export function delivery(folder: string, store: RunStore): Delivery {
  let position: Position | undefined;
  let unlock: (() => Promise<void>) | undefined;
  let marks: Parameters<RunLog['common']>[0] = [];
  let hash = '';

  const open = async () => {
    if (unlock) return;
    const what = `what ${store.says} has of ${folder}`;
    const take = async () => {
      await makeStoresFolder(folder);
      return lockFile(lockOf(folder, store), what);
    };
    // of a run that came to nothing the folder is gone
    unlock = await take()
      .catch(unlessMissing(async () => {}))
      .catch((cause) => {
        if (cause instanceof TactfulError) throw cause;
        throw new UnavailableError(what, 'a folder to write', wordsOf(cause), '', cause);
      });
    const cursor = await readCursor(folder, store);
    ({ hash, marks } = cursor ?? { hash: '', marks: [] });
    position = cursor && positionOf(cursor);
  };
  const keep = async (next: Position, log: RunLog) => {
    position = positionOf(next);
    hash = log.hashOf(next.events) ?? '';
    marks = log.marks(next.events);
    // a cursor that is not written costs no more than that something is delivered again
    await writeCursor(folder, store, { ...position, hash, marks }).catch(() => {});
  };
  return {
    get events() {
      return position?.events ?? 0;
    },
    async update(log, isOver = () => false) {
      await open();
      const known = log.events;
      const record = await runRecord(folder, known);
      let from = position ?? { events: 0 };
      if (log.hashOf(from.events) !== hash) {
        from = await store.rewind(record, from, log.common(marks));
        await keep(from, log);
      }
      if (from.events === known.length) return;
      for await (const next of store.deliver(record, from)) {
        await keep(next, log);
        if (isOver()) return;
      }
    },
    async close() {
      await unlock?.();
      unlock = undefined;
    },
  };
}

/** A position alone, of what may be more. */
function positionOf({ events, memo }: Position): Position {
  return { events, ...(memo && { memo }) };
}

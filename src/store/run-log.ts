/** A run's events with a fingerprint of all up to each: whether a log still reads as it did. Pure. */
import { createHash } from 'node:crypto';
import type { JobEvent } from '../events.ts';
import { withEvent } from './event-log.ts';

/** A place in a log, by what stands before it. Plain data. */
export interface Mark {
  readonly events: number;
  /** Of all lines up to there. */
  readonly hash: string;
}

/** A log as it is known to one process. */
export interface RunLog {
  readonly events: readonly JobEvent[];
  /** Takes a new event, which may take back some. Progress is not kept. */
  tell(event: JobEvent): void;
  /** Of the first so many events; undefined where there are not so many. */
  hashOf(events: number): string | undefined;
  /** Places up to there to which a run may go back: it goes back to checkpoints, or to its start. */
  marks(events: number): Mark[];
  /** The last of some places at which the log still reads as it did then; 0 where none does. */
  common(marks: readonly Mark[]): number;
}

/** Checkpoints that are remembered: a run keeps few. */
const most = 32;

export function runLog(known: readonly JobEvent[]): RunLog {
  let events = [...known];
  let hashes: string[] = [];
  const hashOf = (count: number) => {
    if (count > events.length) return undefined;
    for (let i = hashes.length; i < count; i++) {
      const chain = createHash('sha256').update(hashes[i - 1] ?? '');
      hashes.push(chain.update(JSON.stringify(events[i])).digest('hex').slice(0, 16));
    }
    return count === 0 ? '' : hashes[count - 1];
  };
  const markAt = (count: number): Mark => ({ events: count, hash: hashOf(count) ?? '' });
  return {
    get events() {
      return events;
    },
    tell(event) {
      if (event.type === 'progress') return;
      if (event.type === 'started' || event.type === 'resumed') {
        events = withEvent(events, event);
        hashes = [];
      } else events = [...events, event];
    },
    hashOf,
    marks(count) {
      const places = events
        .slice(0, count)
        .flatMap(({ type }, i) => (type === 'checkpoint' ? [i + 1] : []));
      return [...(count > 0 ? [1] : []), ...places.slice(-most)].map(markAt);
    },
    common: (marks) => marks.findLast((mark) => hashOf(mark.events) === mark.hash)?.events ?? 0,
  };
}

/** I/O: runs as their servers tell them, live. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveEvent } from '../../api.ts';
import { follow } from '../connection.ts';
import { History } from '../history.ts';
import { connection } from '../state.ts';
import { useInSight } from './sight.ts';

interface Followed {
  /** In the order of the runs. */
  readonly histories: readonly History[];
  /** Another number wherever one has grown. */
  readonly version: number;
  readonly connected: boolean;
}

interface Kept {
  readonly key: string;
  readonly histories: readonly History[];
  readonly places: readonly { id?: string }[];
}

/** Milliseconds between two pictures at least: more nobody sees. */
const pace = 150;

/** Connections that are held for the runs of one view; more runs are asked now and then. */
const mostHeld = 3;

/**
 * Follows these runs as long as the view stands and is seen.
 * @param ended runs of which no more is expected
 */
export function useHistories(runs: readonly string[], ended: readonly string[] = []): Followed {
  const [version, setVersion] = useState(0);
  const [connected, setConnected] = useState(true);
  const inSight = useInSight();
  const key = runs.join('\n');
  const kept = useRef<Kept>({ key: '', histories: [], places: [] });
  if (kept.current.key !== key)
    kept.current = { key, histories: runs.map(() => new History()), places: runs.map(() => ({})) };
  useEffect(() => {
    if (!inSight) return undefined;
    const { histories, places } = kept.current;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const grown = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        setVersion((was) => was + 1);
      }, pace);
    };
    const stand = new Set(runs);
    let held = 0;
    for (const [i, run] of runs.entries()) {
      const path = `/api/runs/${encodeURIComponent(run)}/events`;
      const listener = {
        events: (events: readonly LiveEvent[]) => {
          histories[i].add(events);
          grown();
        },
        connected: (is: boolean) => {
          stand[is ? 'add' : 'delete'](run);
          setConnected(stand.size === runs.length);
        },
      };
      const isEnded = ended.includes(run);
      const mode = isEnded ? 'once' : held++ < mostHeld ? 'live' : 'polled';
      void follow(connection, path, listener, stop.signal, { mode, place: places[i] });
    }
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [key, ended.join('\n'), inSight]);
  return { histories: kept.current.histories, version, connected };
}

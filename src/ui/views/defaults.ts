/** I/O: what settings come to that a form leaves open. */
import { useEffect, useState } from 'preact/hooks';
import type { JobDefaults, StartRequest } from '../../api.ts';
import { post } from '../connection.ts';
import { connection } from '../state.ts';

/** Milliseconds after a change: who types is not asked for each letter. */
const pause = 150;

/** Undefined until they are there; while the connection is lost the last ones stay. */
export function useDefaults(asked: StartRequest): JobDefaults | undefined {
  const [defaults, setDefaults] = useState<JobDefaults>();
  const key = JSON.stringify(asked);
  useEffect(() => {
    const over = new AbortController();
    const ask = () =>
      post<JobDefaults>(connection, '/api/jobs/defaults', asked, over.signal).then(
        (now) => !over.signal.aborted && setDefaults(now),
        () => {},
      );
    const timer = setTimeout(ask, defaults === undefined ? 0 : pause);
    return () => {
      clearTimeout(timer);
      over.abort();
    };
  }, [key]);
  return defaults;
}

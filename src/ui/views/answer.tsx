/** I/O: what a view asks the server for, and what it shows until that is there. */
import { useEffect, useState } from 'preact/hooks';
import { get, RefusedError } from '../connection.ts';
import { connection, say } from '../state.ts';
import { useInSight } from './sight.ts';

export interface Asked<Answer> {
  readonly answer?: Answer;
  readonly error?: string;
}

interface Asking {
  /** Milliseconds until it is asked again, while the page is seen. @default never */
  readonly every?: number | undefined;
  /** Another number asks again at once. */
  readonly version?: number;
}

/** The answer to a GET of this path; the last one stays while the connection is lost. */
export function useAnswer<Answer>(path: string, asking: Asking = {}): Asked<Answer> {
  return useAsked(path, () => get<Answer>(connection, path), asking);
}

/** The answers to GETs of several paths, in their order. */
export function useAnswers<Answer>(
  paths: readonly string[],
  asking: Asking = {},
): Asked<readonly Answer[]> {
  const ask = () => Promise.all(paths.map((path) => get<Answer>(connection, path)));
  return useAsked(paths.join('\n'), ask, asking);
}

function useAsked<Answer>(
  key: string,
  question: () => Promise<Answer>,
  { every, version = 0 }: Asking,
): Asked<Answer> {
  const [asked, setAsked] = useState<Asked<Answer> & { readonly key?: string }>({});
  const inSight = useInSight();
  useEffect(() => {
    if (!inSight) return undefined;
    let isGone = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      const now = await question().then(
        (answer) => ({ answer, key }),
        (error: unknown) => ({ error: messageOf(error), key }),
      );
      if (isGone) return;
      setAsked((was) => ('answer' in now || was.key !== key ? now : { ...was, ...now }));
      if (every !== undefined) timer = setTimeout(ask, every);
    };
    void ask();
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [key, every, version, inSight]);
  return asked.key === key ? asked : {};
}

/** What is said of a request that failed. */
export function messageOf(error: unknown): string {
  return error instanceof RefusedError ? error.message : say('lost');
}

/** In the place of what is not there. */
export function Waiting({ error }: { readonly error?: string | undefined }) {
  return error === undefined ? <p role="status">{say('loading')}</p> : <p role="alert">{error}</p>;
}

/** I/O: what a view asks the server for, and what it shows until that is there. */
import { useEffect, useState } from 'preact/hooks';
import { get } from '../connection.ts';
import { connection, say } from '../state.ts';

export interface Asked<Answer> {
  readonly answer?: Answer;
  readonly error?: string;
}

/** The answer to a GET of this path. */
export function useAnswer<Answer>(path: string): Asked<Answer> {
  const [asked, setAsked] = useState<Asked<Answer>>({});
  useEffect(() => {
    let gone = false;
    get<Answer>(connection, path).then(
      (answer) => !gone && setAsked({ answer }),
      (error: unknown) => !gone && setAsked({ error: String(error) }),
    );
    return () => {
      gone = true;
    };
  }, [path]);
  return asked;
}

/** In the place of what is not there. */
export function Waiting({ error }: { readonly error?: string | undefined }) {
  return error === undefined ? <p role="status">{say('loading')}</p> : <p role="alert">{error}</p>;
}

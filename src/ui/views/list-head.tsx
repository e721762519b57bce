/** What stands above a list of samples: of one run its parts, else what the list holds. */
import type { RunDetails } from '../../api.ts';
import { runsOf } from '../route.ts';
import { say } from '../state.ts';
import type { Word } from '../words/words.ts';
import { useAnswer } from './answer.tsx';
import { askedFor } from './filters.tsx';
import { RunHead } from './run-head.tsx';

interface Props {
  readonly view: 'samples' | 'compared';
  readonly title: Word;
}

export function ListHead({ view, title }: Props) {
  const [run, ...others] = runsOf(askedFor('runs'));
  if (run === undefined || others.length > 0) return <h1>{say(title)}</h1>;
  return (
    <>
      <OfRun key={run} run={run} view={view} />
      <h2>{say(title)}</h2>
    </>
  );
}

function OfRun({ run, view }: { readonly run: string; readonly view: Props['view'] }) {
  const path = `/api/runs/${encodeURIComponent(run)}`;
  const { answer: details } = useAnswer<RunDetails>(path);
  return <RunHead run={run} view={view} details={details} />;
}

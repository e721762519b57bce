/** What stands above every view of a run: its name, its state, ways to its parts, what can be done with it. */
import { useState } from 'preact/hooks';
import type { RunDetails } from '../../api.ts';
import { post } from '../connection.ts';
import { hashOf, type Route, textOfRuns } from '../route.ts';
import { connection, say } from '../state.ts';
import type { Word } from '../words/words.ts';
import { messageOf } from './answer.tsx';

interface Props {
  readonly run: string;
  readonly view: Route['view'];
  readonly details?: RunDetails | undefined;
  /** Something was asked of it: what is known of it is old. */
  readonly onDone?: () => void;
}

type Tab = readonly [Route, Word];

export function RunHead({ run, view, details, onDone = () => {} }: Props) {
  const runs = textOfRuns([run]);
  const isDetox = (details?.job ?? 'detox') === 'detox';
  const ofDetox: readonly Tab[] = [
    [{ view: 'samples', asked: { runs } }, 'samples'],
    [{ view: 'compared', asked: { runs } }, 'compared'],
    [{ view: 'playground', asked: { run } }, 'playground'],
  ];
  const tabs: readonly Tab[] = [
    [{ view: 'run', run }, 'live'],
    [{ view: 'settings', run }, 'settings'],
    [{ view: 'result', run }, 'result'],
    ...(isDetox ? ofDetox : []),
  ];
  return (
    <>
      <div class="head">
        <h1>{run}</h1>
        {details && <span class={`badge ${details.state}`}>{say(details.state)}</span>}
        {details && <Deeds run={run} state={details.state} onDone={onDone} />}
      </div>
      <nav class="tabs" aria-label={run}>
        {tabs.map(([route, word]) => (
          <a
            key={word}
            href={hashOf(route)}
            {...(route.view === view && { 'aria-current': 'page' as const })}
          >
            {say(word)}
          </a>
        ))}
      </nav>
    </>
  );
}

/** What is asked of a run in each state. */
const deeds = {
  running: { path: 'stop', word: 'stop', says: 'stopping' },
  stopped: { path: 'resume', word: 'resume', says: 'resuming' },
  broken: { path: 'resume', word: 'resume', says: 'resuming' },
} as const;

function Deeds({
  run,
  state,
  onDone,
}: Pick<RunDetails, 'state'> & { run: string; onDone(): void }) {
  const [asked, setAsked] = useState<{ readonly in?: string; readonly error?: string }>({});
  if (state === 'finished') return null;
  const { path, word, says } = deeds[state];
  const waits = asked.in === state && asked.error === undefined;
  const go = async () => {
    setAsked({ in: state });
    await post(connection, `/api/runs/${encodeURIComponent(run)}/${path}`, {}).then(
      onDone,
      (error: unknown) => setAsked({ in: state, error: messageOf(error) }),
    );
  };
  return (
    <>
      <button type="button" disabled={waits} onClick={go}>
        {say(word)}
      </button>
      <span role="status" class={asked.error ? 'problem' : 'quiet'}>
        {waits ? say(says) : asked.in === state ? asked.error : ''}
      </span>
    </>
  );
}

/** A run as it trains: how far it is, its curves, where its time goes, what its guards saw. */
import { useEffect, useState } from 'preact/hooks';
import type { RunDetails } from '../../api.ts';
import { bytes, clock, duration, shortPath } from '../format.ts';
import { type History, secondsLeft } from '../history.ts';
import { say } from '../state.ts';
import { useAnswer } from './answer.tsx';
import { Charts } from './charts.tsx';
import { Guards } from './guards.tsx';
import { useHistories } from './histories.ts';
import { MachinesView } from './machines.tsx';
import { Phases } from './phases.tsx';
import { RunHead } from './run-head.tsx';

/** Milliseconds between questions for the state of a run, which its log does not always tell. */
const lookEvery = 3000;

export function RunView({ run }: { readonly run: string }) {
  const { histories, version, connected } = useHistories([run]);
  const [deeds, setDeeds] = useState(0);
  const [history] = histories;
  const again = deeds + (history.over ? 0.5 : 0);
  const path = `/api/runs/${encodeURIComponent(run)}`;
  const { answer: details, error } = useAnswer<RunDetails>(path, {
    every: lookEvery,
    version: again,
  });
  return (
    <>
      <RunHead run={run} view="run" details={details} onDone={() => setDeeds(deeds + 1)} />
      <Connected is={connected} />
      {!details && error !== undefined && <p role="alert">{error}</p>}
      {details?.problem !== undefined && <pre class="problem">{details.problem}</pre>}
      <HowFar history={history} details={details} />
      {history.lines.size === 0 && <p>{say('noSteps')}</p>}
      <Charts runs={[run]} histories={histories} version={version} />
      <Guards guarded={history.guarded} />
      <MachinesView machines={history.machines} />
      <Phases history={history} />
    </>
  );
}

/** Says that the connection is lost, and once that it is back. */
export function Connected({ is }: { readonly is: boolean }) {
  const [wasLost, setWasLost] = useState(false);
  useEffect(() => {
    if (!is) setWasLost(true);
  }, [is]);
  const says = is ? (wasLost ? say('back') : '') : say('lost');
  return (
    <p role="status" class={is ? 'quiet' : 'problem'}>
      {says}
    </p>
  );
}

interface HowFarProps {
  readonly history: History;
  readonly details?: RunDetails | undefined;
}

function HowFar({ history, details }: HowFarProps) {
  const { step, steps } = history;
  const left = details?.state === 'running' ? secondsLeft(history) : undefined;
  const facts: readonly (readonly [string, string | number | undefined])[] = [
    [say('left'), left === undefined ? undefined : duration(left)],
    [say('took'), details?.seconds === undefined ? undefined : duration(details.seconds)],
    [say('time'), details && clock(details.time)],
    [say('model'), details?.model && shortPath(details.model)],
    [say('algorithm'), details?.algorithm],
    [say('seed'), details?.seed],
    [say('memory'), memoryText(history, details)],
    [say('engine'), details?.engine],
  ];
  return (
    <>
      <p class="progress">
        <label>
          {say('step')} {step} / {steps}{' '}
          <progress {...(steps > 0 && { max: steps, value: Math.min(step, steps) })} />
        </label>
      </p>
      <dl class="facts">
        {facts.map(
          ([name, value]) =>
            value !== undefined && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
    </>
  );
}

function memoryText({ peak }: History, details?: RunDetails): string | undefined {
  if (peak !== undefined) return say('peak', { bytes: bytes(peak) });
  return details?.memory && say('estimated', { bytes: bytes(details.memory.total) });
}

/** I/O: a run as it trains: each metric as a curve that grows. */
import { useEffect, useState } from 'preact/hooks';
import { follow } from '../connection.ts';
import { after, curveOf, namesIn, nothingYet, secondsLeft } from '../progress.ts';
import { hashOf } from '../route.ts';
import { connection, say } from '../state.ts';
import { Chart } from './chart.tsx';

/** The progress as the server tells it, and whether the connection stands. */
function useProgress(run: string) {
  const [progress, setProgress] = useState(nothingYet);
  const [connected, setConnected] = useState(true);
  useEffect(() => {
    const stop = new AbortController();
    const path = `/api/runs/${encodeURIComponent(run)}/events`;
    const listener = {
      events: (events: Parameters<typeof after>[1]) => setProgress((was) => after(was, events)),
      connected: setConnected,
    };
    void follow(connection, path, listener, stop.signal);
    return () => stop.abort();
  }, [run]);
  return { progress, connected };
}

export function RunView({ run }: { readonly run: string }) {
  const { progress, connected } = useProgress(run);
  const left = secondsLeft(progress, 'time/step');
  return (
    <>
      <h1>{run}</h1>
      <p role="status">{connected ? '' : say('lost')}</p>
      <p>
        {say('step')} {[...progress.metrics.keys()].at(-1) ?? 0} / {progress.steps}
        {left === undefined ? '' : `, ${say('left')}: ${Math.round(left)} s`}
        {' · '}
        <a href={hashOf({ view: 'settings', run })}>{say('settings')}</a>
      </p>
      <h2>{say('live')}</h2>
      {progress.metrics.size === 0 && <p>{say('noSteps')}</p>}
      <section class="charts" aria-label={say('live')}>
        {namesIn(progress).map((name) => (
          <Chart key={name} name={name} curve={curveOf(progress, name)} />
        ))}
      </section>
    </>
  );
}

/** The dashboard: its frame, and in it the view that the address names. */
import { render } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { hashOf } from './route.ts';
import { language, refused, route, say, speak } from './state.ts';
import { Compared } from './views/compared.tsx';
import { Over } from './views/over.tsx';
import { Playground } from './views/playground.tsx';
import { Prompt } from './views/prompt.tsx';
import { Refused } from './views/refused.tsx';
import { Result } from './views/result.tsx';
import { RunView } from './views/run.tsx';
import { RunList } from './views/runs.tsx';
import { Samples } from './views/samples.tsx';
import { Settings } from './views/settings.tsx';
import { Start } from './views/start.tsx';
import { Tokens } from './views/tokens.tsx';

function View() {
  const { view, run } = route.value;
  if (view === 'runs') return <RunList />;
  if (run !== undefined && view === 'run') return <RunView key={run} run={run} />;
  if (run !== undefined && view === 'settings') return <Settings key={run} run={run} />;
  if (view === 'samples') return <Samples />;
  if (view === 'prompt') return <Prompt />;
  if (view === 'tokens') return <Tokens />;
  if (view === 'compared') return <Compared />;
  if (run !== undefined && view === 'result') return <Result key={run} run={run} />;
  if (view === 'over') return <Over />;
  if (view === 'start') return <Start />;
  if (view === 'playground') return <Playground />;
  return <h1>{say('missing')}</h1>;
}

/** Views that every view leads to. */
const places = ['runs', 'samples', 'compared', 'start', 'playground'] as const;

/** To the top of what the address names, as a page that is opened. */
function toContent(): void {
  scrollTo({ top: 0, behavior: 'instant' });
  document.querySelector('main')?.focus({ preventScroll: true });
}

function Frame() {
  const { view, run } = route.value;
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) toContent();
    isFirst.current = false;
  }, [view, run]);
  document.title = run === undefined ? say('title') : `${run} · tactful`;
  document.documentElement.lang = language.value;
  const other = language.value === 'ko' ? 'en' : 'ko';
  return (
    <>
      <header>
        <button type="button" class="skip" onClick={toContent}>
          {say('skip')}
        </button>
        <nav aria-label={say('views')}>
          {places.map((view) => (
            <a
              key={view}
              href={hashOf({ view })}
              {...(route.value.view === view && { 'aria-current': 'page' as const })}
            >
              {say(view)}
            </a>
          ))}
        </nav>
        <button type="button" lang={other} onClick={() => speak(other)}>
          {say('language')}
        </button>
      </header>
      <main tabIndex={-1}>{refused.value ? <Refused /> : <View />}</main>
    </>
  );
}

render(<Frame />, document.body);

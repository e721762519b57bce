/** A text through both policies of a run, before and after its training. */
import { useState } from 'preact/hooks';
import type { PlaygroundAnswer, PlaygroundRequest, RunSummary } from '../../api.ts';
import { post } from '../connection.ts';
import { shortNumber } from '../format.ts';
import { ask, connection, route, say } from '../state.ts';
import { messageOf, useAnswer, Waiting } from './answer.tsx';
import { Changed, Text } from './changed.tsx';

export function Playground() {
  const { answer: runs, error } = useAnswer<readonly RunSummary[]>('/api/runs');
  return (
    <>
      <h1>{say('playground')}</h1>
      <p>{say('playgroundHint')}</p>
      {runs ? <Able runs={runs} /> : <Waiting error={error} />}
    </>
  );
}

/** Of the runs those that have policies to ask, and the one that the address names. */
function Able({ runs }: { readonly runs: readonly RunSummary[] }) {
  const asked = route.value.asked?.run;
  const able = runs.filter(
    ({ id, job, state }) => id === asked || (job === 'detox' && state === 'finished'),
  );
  if (able.length === 0) return <p>{say('noFinished')}</p>;
  return <Questions runs={able.map(({ id }) => id)} run={asked ?? able[0].id} />;
}

interface State {
  readonly waits?: true;
  readonly error?: string;
  readonly answer?: PlaygroundAnswer;
}

function Questions({ runs, run }: { readonly runs: readonly string[]; readonly run: string }) {
  const [text, setText] = useState('');
  const [seed, setSeed] = useState('0');
  const [{ waits, error, answer }, setState] = useState<State>({});
  const go = async (event: Event) => {
    event.preventDefault();
    setState({ waits: true });
    const question: PlaygroundRequest = { run, text, seed: Number(seed) };
    await post<PlaygroundAnswer>(connection, '/api/playground', question).then(
      (given) => setState({ answer: given }),
      (problem: unknown) => setState({ error: messageOf(problem) }),
    );
  };
  return (
    <>
      <form class="questions" onSubmit={go}>
        <div class="filters">
          <label>
            {say('run')}{' '}
            <select value={run} onChange={(event) => ask({ run: event.currentTarget.value })}>
              {runs.map((id) => (
                <option key={id} value={id}>
                  {id}
                </option>
              ))}
            </select>
          </label>
          <label>
            {say('seed')}{' '}
            <input
              type="number"
              min={0}
              step={1}
              value={seed}
              required
              onInput={(event) => setSeed(event.currentTarget.value)}
            />
          </label>
        </div>
        <label>
          {say('text')}
          <textarea
            rows={8}
            value={text}
            required
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <p class="deeds">
          <button type="submit" class="main" disabled={waits === true}>
            {say('answerIt')}
          </button>
          <span role="status" class="quiet">
            {waits ? say('answering') : ''}
          </span>
          <span role="alert" class="problem">
            {error}
          </span>
        </p>
      </form>
      {answer && <Answers {...answer} />}
    </>
  );
}

function Answers({ before, after }: PlaygroundAnswer) {
  const sides = [
    ['beforeTraining', before],
    ['afterTraining', after],
  ] as const;
  return (
    <div aria-live="polite">
      <div class="sides">
        {sides.map(([word, { response, toxicity, reward }]) => (
          <section key={word} aria-labelledby={word}>
            <h2 id={word}>{say(word)}</h2>
            <Text text={response} />
            <dl class="facts">
              <div>
                <dt>{say('toxicity')}</dt>
                <dd>{shortNumber(toxicity)}</dd>
              </div>
              <div>
                <dt>{say('reward')}</dt>
                <dd>{shortNumber(reward)}</dd>
              </div>
            </dl>
          </section>
        ))}
      </div>
      <h2>{say('difference')}</h2>
      <Changed before={before.response} after={after.response} />
    </div>
  );
}

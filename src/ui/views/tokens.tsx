/** I/O: one response, each token coloured by one of its numbers; all of them on hover, focus and by keyboard. */
import { useRef, useState } from 'preact/hooks';
import type { RolloutDetails, RolloutPlace } from '../../api.ts';
import type { RolloutRow, RolloutTokens } from '../../rollouts.ts';
import { fixed } from '../numbers.ts';
import { hashOf } from '../route.ts';
import { measures, numbersOf, type Scale, scaleOf, shadeOf, type TokenMeasure } from '../shades.ts';
import { ask, say } from '../state.ts';
import { useAnswer, Waiting } from './answer.tsx';
import { Text } from './changed.tsx';
import { askedFor } from './filters.tsx';
import { promptOf } from './samples.tsx';
import { numbersByName, TokenTable } from './token-table.tsx';

export function Tokens() {
  const [run, step, row] = ['run', 'step', 'row'].map(askedFor);
  const path = `/api/runs/${encodeURIComponent(run)}/rollouts/${step}/${row}`;
  const { answer, error } = useAnswer<RolloutDetails>(path);
  // the last one stays until the next is there: who goes on by keyboard keeps the place
  const last = useRef<{ readonly run: string; readonly details: RolloutDetails }>(undefined);
  if (answer) last.current = { run, details: answer };
  const kept = last.current?.run === run ? last.current.details : undefined;
  const shown = answer ?? (error === undefined ? kept : undefined);
  if (!shown) return <Waiting error={error} />;
  const { row: rollout, query, previous, next } = shown;
  return (
    <>
      <h1 aria-live="polite">{say('tokensTitle', { step: rollout.step, row: rollout.row })}</h1>
      <p class="links">
        <a href={hashOf({ view: 'run', run })}>{run}</a>
        <a href={promptOf(rollout.query, [])}>{say('sameprompt')}</a>
        <Neighbour word="previousSample" to={previous} />
        <Neighbour word="nextSample" to={next} />
      </p>
      <Facts rollout={rollout} />
      <h2>{say('response')}</h2>
      {rollout.tokens ? (
        <Coloured key={`${run} ${rollout.step} ${rollout.row}`} tokens={rollout.tokens} />
      ) : (
        <>
          <Text text={rollout.response} />
          <p>{say('noTokens')}</p>
        </>
      )}
      <h2>{say('prompt')}</h2>
      <Text text={query} />
    </>
  );
}

interface NeighbourProps {
  readonly word: 'previousSample' | 'nextSample';
  /** Missing at an end, where the link stays and leads nowhere. */
  readonly to: RolloutPlace | undefined;
}

function Neighbour({ word, to }: NeighbourProps) {
  const [run, by] = ['run', 'by'].map(askedFor);
  const asked = to && { run, by, step: `${to.step}`, row: `${to.row}` };
  // one element for both, so that who goes on by keyboard does not lose the place at the end
  const target = asked
    ? { href: hashOf({ view: 'tokens', asked }) }
    : { role: 'link' as const, 'aria-disabled': true, tabIndex: 0, class: 'quiet' };
  return <a {...target}>{say(word)}</a>;
}

/** Numbers of the whole response. */
function Facts({ rollout }: { readonly rollout: RolloutRow }) {
  const names = ['score', 'kl', 'advantage', 'return', 'value', 'entropy', 'logprob'] as const;
  const facts = names.flatMap((name) => {
    const { [name]: value } = rollout;
    return value === undefined ? [] : [[say(name), fixed(value, 4)] as const];
  });
  const parts = Object.entries(rollout.parts ?? {});
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <Fact key={name} name={name} value={value} />
      ))}
      {parts.length > 1 &&
        parts.map(([name, value]) => (
          <Fact key={name} name={`${say('parts')}: ${name}`} value={fixed(value, 4)} />
        ))}
      <Fact
        name={say('length')}
        value={`${rollout.length}${rollout.truncated ? ` (${say('truncated')})` : ''}`}
      />
    </dl>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Coloured({ tokens }: { readonly tokens: RolloutTokens }) {
  const [focused, setFocused] = useState(0);
  const [pointed, setPointed] = useState<number>();
  const there = measures.filter((measure) => numbersOf(tokens, measure));
  const measure = there.find((name) => name === askedFor('by')) ?? 'advantage';
  const numbers = numbersOf(tokens, measure) ?? [];
  const scale = scaleOf(numbers, measure);
  const shown = pointed ?? focused;
  const move = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    const last = tokens.texts.length - 1;
    // a key that is held comes again before the page is drawn
    const at = Number((event.target as HTMLElement).dataset.token);
    const steps = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: last };
    const to = steps[event.key as keyof typeof steps];
    if (to === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(last, to));
    setFocused(next);
    event.currentTarget.querySelectorAll<HTMLElement>('[data-token]')[next]?.focus();
  };
  return (
    <>
      <div class="colouring">
        <label class="colour-by">
          {say('colour')}
          <select name="by" value={measure} onChange={(e) => ask({ by: e.currentTarget.value })}>
            {there.map((name) => (
              <option key={name} value={name}>
                {say(name)}
              </option>
            ))}
          </select>
        </label>
        <Legend scale={scale} />
      </div>
      <p class="hint">{say('tokenHelp')}</p>
      <div class="tokens" role="toolbar" aria-label={say('response')} onKeyDown={move}>
        {tokens.texts.map((text, i) => (
          <button
            key={i}
            type="button"
            data-token={i}
            class={tokens.mask?.[i] === 0 ? 'token masked' : 'token'}
            tabIndex={i === focused ? 0 : -1}
            aria-label={`${text} ${say(measure)} ${fixed(numbers[i])}`}
            onFocus={() => setFocused(i)}
            onMouseEnter={() => setPointed(i)}
            onMouseLeave={() => setPointed(undefined)}
            {...shading(numbers[i], scale)}
          >
            {visible(text)}
          </button>
        ))}
      </div>
      <NumbersOf tokens={tokens} place={shown} measure={measure} />
      <TokenTable tokens={tokens} />
    </>
  );
}

/** Its colour, and a line for whoever sees none. */
function shading(value: number, scale: Scale) {
  const { amount, sign } = shadeOf(value, scale);
  return { style: { '--amount': amount.toFixed(3) }, 'data-sign': sign < 0 ? 'minus' : 'plus' };
}

/** Line breaks as a mark. */
function visible(text: string): string {
  return text === '' ? '∅' : text.replaceAll('\n', '⏎\n');
}

function Legend({ scale }: { readonly scale: Scale }) {
  const middle = scale.twoSided ? 0 : (scale.low + scale.high) / 2;
  return (
    <ul class="legend">
      {[scale.low, middle, scale.high].map((value, i) => (
        <li key={i} class="token" {...shading(value, scale)}>
          {fixed(value)}
        </li>
      ))}
    </ul>
  );
}

interface NumbersProps {
  readonly tokens: RolloutTokens;
  readonly place: number;
  readonly measure: TokenMeasure;
}

/** All numbers of one token. */
function NumbersOf({ tokens, place, measure }: NumbersProps) {
  return (
    <dl class="facts numbers" data-place={place}>
      <Fact name={say('token')} value={`${visible(tokens.texts[place] ?? '')} (${place + 1})`} />
      {numbersByName(tokens).map(({ name, numbers }) => (
        <div key={name} class={name === measure ? 'coloured-by' : ''}>
          <dt>{say(name)}</dt>
          <dd>{fixed(numbers[place], 4)}</dd>
        </div>
      ))}
      {tokens.mask?.[place] === 0 && <Fact name={say('masked')} value="" />}
    </dl>
  );
}

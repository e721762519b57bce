/** All numbers of all tokens as a table, made when it is opened. */
import { useState } from 'preact/hooks';
import type { RolloutTokens } from '../../rollouts.ts';
import { fixed } from '../numbers.ts';
import { say } from '../state.ts';
import type { Word } from '../words/words.ts';
import { Wide } from './wide.tsx';

interface Named {
  readonly name: Word;
  readonly numbers: readonly number[];
}

/** Every number that the tokens have, in the order in which it is shown. */
export function numbersByName(tokens: RolloutTokens): Named[] {
  const all: readonly [Word, readonly number[] | undefined][] = [
    ['advantage', tokens.advantages],
    ['kl', tokens.kls],
    ['value', tokens.values],
    ['return', tokens.returns],
    ['entropy', tokens.entropies],
    ['logprob', tokens.logprobs],
    ['refLogprob', tokens.refLogprobs],
    ['change', tokens.ratios?.map(Math.log)],
    ['ratio', tokens.ratios],
  ];
  return all.flatMap(([name, numbers]) => (numbers ? [{ name, numbers }] : []));
}

export function TokenTable({ tokens }: { readonly tokens: RolloutTokens }) {
  const [isOpen, setIsOpen] = useState(false);
  const columns = numbersByName(tokens);
  return (
    <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>{say('allNumbers')}</summary>
      {isOpen && (
        <Wide label={say('allNumbers')}>
          <table>
            <thead>
              <tr>
                <th scope="col">{say('place')}</th>
                <th scope="col">{say('token')}</th>
                {columns.map(({ name }) => (
                  <th key={name} scope="col" class="number">
                    {say(name)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {tokens.texts.map((text, i) => (
                <tr key={i}>
                  <td class="number">{i + 1}</td>
                  <th scope="row">{text}</th>
                  {columns.map(({ name, numbers }) => (
                    <td key={name} class="number">
                      {fixed(numbers[i], 4)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      )}
    </details>
  );
}

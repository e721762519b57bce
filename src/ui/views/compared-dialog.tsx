/** I/O: one prompt, what was answered before and after training, and every number of both. */
import { useEffect, useRef } from 'preact/hooks';
import type { ComparedRow } from '../../api.ts';
import type { Sample } from '../../comparison.ts';
import { fixed, signed } from '../numbers.ts';
import { say } from '../state.ts';
import { Changed, Text } from './changed.tsx';
import { Wide } from './wide.tsx';

interface DialogProps {
  readonly row: ComparedRow;
  readonly close: () => void;
}

export function ComparedDialog({ row, close }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const { before, after } = row;
  return (
    <dialog class="sample" ref={dialog} onClose={close} aria-labelledby="sample-title">
      <header>
        <h2 id="sample-title">{before.id}</h2>
        <button type="button" onClick={() => dialog.current?.close()}>
          {say('close')}
        </button>
      </header>
      <h3>{say('difference')}</h3>
      {before.response === after.response ? (
        <p>{say('sameText')}</p>
      ) : (
        <Changed before={before.response} after={after.response} />
      )}
      <h3>{say('beforeTraining')}</h3>
      <Text text={before.response} />
      <h3>{say('afterTraining')}</h3>
      <Text text={after.response} />
      <h3>{say('prompt')}</h3>
      <Text text={before.query} />
      <Wide label={say('allNumbers')}>
        <table>
          <thead>
            <tr>
              <td />
              {(['beforeTraining', 'afterTraining', 'difference'] as const).map((word) => (
                <th key={word} scope="col" class="number">
                  {say(word)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {pairsOf(before, after).map(({ name, was, is }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class="number">{fixed(was)}</td>
                <td class="number">{fixed(is)}</td>
                <td class="number">{signed(is - was)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </dialog>
  );
}

/** Every number that both have; judges by their names. */
function pairsOf(before: Sample, after: Sample) {
  const [was, is] = [before, after].map((sample) => {
    const { sample: _place, judges = {}, ...own } = sample;
    return { ...own, ...judges } as Readonly<Record<string, unknown>>;
  });
  return Object.keys(was).flatMap((name) => {
    const [a, b] = [was[name], is[name]];
    return typeof a === 'number' && typeof b === 'number' ? [{ name, was: a, is: b }] : [];
  });
}

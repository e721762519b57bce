/** Two texts as one: which words went and which came. */
import { useMemo } from 'preact/hooks';
import { difference } from '../../difference.ts';
import { say } from '../state.ts';

interface ChangedProps {
  readonly before: string;
  readonly after: string;
}

export function Changed({ before, after }: ChangedProps) {
  if (before === '' && after === '') return <Text text="" />;
  return (
    <p class="text difference" dir="auto">
      <Words before={before} after={after} />
    </p>
  );
}

/** The words alone. */
export function Words({ before, after }: ChangedProps) {
  const parts = useMemo(() => difference(before, after), [before, after]);
  return (
    <>
      {parts.map(({ kind, text }, i) => {
        if (kind === 'same') return text;
        return kind === 'gone' ? <del key={i}>{text}</del> : <ins key={i}>{text}</ins>;
      })}
    </>
  );
}

/** A text as it was written, without the empty lines around it. */
export function Text({ text }: { readonly text: string }) {
  return (
    <p class="text" dir="auto">
      {text.trim() === '' ? <i>{say('empty')}</i> : text.replace(/^\n+|\n+$/g, '')}
    </p>
  );
}

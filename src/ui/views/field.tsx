/** One setting in the form: its name, what it is for, and a place to give it. */
import type { Field } from '../fields.ts';
import { settingText } from '../format.ts';
import { say } from '../state.ts';

interface Props {
  readonly field: Field;
  /** What it comes to where nothing is given. */
  readonly usual: unknown;
  readonly text: string;
  readonly give: (text: string) => void;
  /** The server says that something is wrong with it. */
  readonly isWrong: boolean;
}

export function FieldRow({ field, usual, text, give, isWrong }: Props) {
  const { name, description } = field;
  const isChoice = field.kind === 'choice' || field.kind === 'flag';
  const known = isChoice ? '' : usualText(field, usual); // its first entry tells it
  const id = `setting-${name}`;
  const hint = [description, known, field.kind === 'list' ? say('listHint') : ''];
  return (
    <div class={text === '' ? 'field' : 'field given'}>
      <label for={id}>{name}</label>
      <Place {...{ id, field, usual, text, give, isWrong }} />
      <small id={`${id}-hint`}>{hint.filter(Boolean).join(' · ')}</small>
    </div>
  );
}

/** `default 60`; nothing where there is none. */
function usualText({ kind }: Field, usual: unknown): string {
  if (usual === undefined || usual === '') return '';
  const isFlag = kind === 'flag' && typeof usual === 'boolean';
  return say('defaultIs', { value: isFlag ? say(usual ? 'yes' : 'no') : settingText(usual) });
}

function Place({ id, field, usual, text, give, isWrong }: Props & { readonly id: string }) {
  const { kind, choices, minimum, maximum } = field;
  const shared = {
    id,
    value: text,
    'aria-describedby': `${id}-hint`,
    ...(isWrong && { 'aria-invalid': true as const }),
  };
  if (kind === 'choice' || kind === 'flag') {
    const options = kind === 'flag' ? ['true', 'false'] : choices;
    const shown = (option: string) =>
      kind === 'choice' ? option : say(option === 'true' ? 'yes' : 'no');
    return (
      <select {...shared} onChange={(event) => give(event.currentTarget.value)}>
        <option value="">{usualText(field, usual) || say('byDefault')}</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {shown(option)}
          </option>
        ))}
      </select>
    );
  }
  if (kind === 'long')
    return <textarea {...shared} rows={4} onInput={(event) => give(event.currentTarget.value)} />;
  const isNumber = kind === 'whole' || kind === 'number';
  const limits = {
    ...(minimum !== undefined && { min: minimum }),
    ...(maximum !== undefined && { max: maximum }),
  };
  return (
    <input
      {...shared}
      {...(isNumber && { ...limits, type: 'number', step: kind === 'whole' ? 1 : 'any' })}
      onInput={(event) => give(event.currentTarget.value)}
    />
  );
}

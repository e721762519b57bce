/** One setting in the form: its name, what it is for, and a place to give it. */
import type { Field } from '../fields.ts';
import { settingText } from '../format.ts';
import { say } from '../state.ts';

interface Props {
  readonly field: Field;
  readonly text: string;
  readonly give: (text: string) => void;
  /** The server says that something is wrong with it. */
  readonly isWrong: boolean;
}

export function FieldRow({ field, text, give, isWrong }: Props) {
  const { name, description } = field;
  const known = 'default' in field ? say('defaultIs', { value: settingText(field.default) }) : '';
  const id = `setting-${name}`;
  const hint = [description, known, field.kind === 'list' ? say('listHint') : ''];
  return (
    <div class={text === '' ? 'field' : 'field given'}>
      <label for={id}>{name}</label>
      <Place id={id} field={field} text={text} give={give} isWrong={isWrong} />
      <small id={`${id}-hint`}>{hint.filter(Boolean).join(' · ')}</small>
    </div>
  );
}

function Place({ id, field, text, give, isWrong }: Props & { readonly id: string }) {
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
        <option value="">{say('byDefault')}</option>
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

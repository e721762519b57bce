/** Settings of runs in a table: a column a run. */
import { byName, type SettingRow, settingRows } from '../../differing.ts';
import { settingText } from '../format.ts';
import { say } from '../state.ts';
import { Wide } from './wide.tsx';

interface Props {
  readonly runs: readonly string[];
  readonly rows: readonly SettingRow[];
}

export function SettingsTable({ runs, rows }: Props) {
  return (
    <Wide label={say('setting')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{say('setting')}</th>
            {runs.map((run) => (
              <th key={run} scope="col">
                {runs.length > 1 ? run : say('value')}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, values, strange, differs }) => (
            <tr key={name} class={differs ? 'differs' : ''}>
              <th scope="row">{name}</th>
              {values.map((value, i) => (
                <td key={runs[i]}>
                  {value === undefined ? (
                    <span class="quiet">{say(strange[i] ? 'notOfJob' : 'notSet')}</span>
                  ) : (
                    <code>{settingText(value)}</code>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

/** Rows of one run's settings, of those whose name or value holds the text. */
export function rowsWith(config: Readonly<Record<string, unknown>>, text: string): SettingRow[] {
  const sought = text.toLowerCase();
  return byName(settingRows([config])).filter(({ name, values }) =>
    `${name} ${settingText(values[0])}`.toLowerCase().includes(sought),
  );
}

/** What a run was told to do. */
import type { RunDetails } from '../../api.ts';
import { say } from '../state.ts';
import { useAnswer, Waiting } from './answer.tsx';

export function Settings({ run }: { readonly run: string }) {
  const { answer, error } = useAnswer<RunDetails>(`/api/runs/${encodeURIComponent(run)}`);
  if (!answer) return <Waiting error={error} />;
  return (
    <>
      <h1>
        {say('settings')}: {answer.id}
      </h1>
      <table>
        <thead>
          <tr>
            <th scope="col">{say('setting')}</th>
            <th scope="col">{say('value')}</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(answer.config).map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <code>{JSON.stringify(value)}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

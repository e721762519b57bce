/** What a run was told to do. */
import { useState } from 'preact/hooks';
import type { RunDetails } from '../../api.ts';
import { hashOf } from '../route.ts';
import { say } from '../state.ts';
import { useAnswer, Waiting } from './answer.tsx';
import { RunHead } from './run-head.tsx';
import { rowsWith, SettingsTable } from './settings-table.tsx';

export function Settings({ run }: { readonly run: string }) {
  const [text, setText] = useState('');
  const { answer, error } = useAnswer<RunDetails>(`/api/runs/${encodeURIComponent(run)}`);
  return (
    <>
      <RunHead run={run} view="settings" details={answer} />
      {answer ? (
        <>
          <search class="filters">
            <label>
              {say('find')}{' '}
              <input
                type="search"
                value={text}
                onInput={(event) => setText(event.currentTarget.value)}
              />
            </label>
          </search>
          <p>
            <a href={hashOf({ view: 'start', asked: { like: run } })}>{say('startLike')}</a>
          </p>
          <SettingsTable runs={[run]} rows={rowsWith(answer.config, text)} />
        </>
      ) : (
        <Waiting error={error} />
      )}
    </>
  );
}

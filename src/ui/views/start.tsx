/** A form that starts a run: every setting of a job, of which only what is filled in is given. */
import { useState } from 'preact/hooks';
import type { JobForm, RunDetails, Started } from '../../api.ts';
import { post } from '../connection.ts';
import { type Field, fieldsetsOf, inSettings, isAbout, settingsOf, textsOf } from '../fields.ts';
import { settingText } from '../format.ts';
import { hashOf } from '../route.ts';
import { connection, route, say } from '../state.ts';
import { messageOf, useAnswer, Waiting } from './answer.tsx';
import { useDefaults } from './defaults.ts';
import { FieldRow } from './field.tsx';

export function Start() {
  const { answer: jobs, error } = useAnswer<readonly JobForm[]>('/api/jobs');
  const like = route.value.asked?.like;
  return (
    <>
      <h1>{say('start')}</h1>
      {jobs === undefined ? (
        <Waiting error={error} />
      ) : like === undefined ? (
        <Jobs jobs={jobs} />
      ) : (
        <Like key={like} jobs={jobs} run={like} />
      )}
    </>
  );
}

interface JobsProps {
  readonly jobs: readonly JobForm[];
  /** A run whose settings the form begins with. */
  readonly like?: RunDetails;
}

function Like({ jobs, run }: JobsProps & { readonly run: string }) {
  const { answer, error } = useAnswer<RunDetails>(`/api/runs/${encodeURIComponent(run)}`);
  return answer ? <Jobs jobs={jobs} like={answer} /> : <Waiting error={error} />;
}

function Jobs({ jobs, like }: JobsProps) {
  const [chosen, setChosen] = useState(like?.job ?? '');
  const form = jobs.find(({ job }) => job === chosen) ?? jobs[0];
  if (!form) return <p>{say('noJobs')}</p>;
  return (
    <>
      <div class="filters">
        <label>
          {say('jobOf')}
          <select value={form.job} onChange={(event) => setChosen(event.currentTarget.value)}>
            {jobs.map(({ job }) => (
              <option key={job} value={job}>
                {job}
              </option>
            ))}
          </select>
        </label>
      </div>
      <Form key={form.job} {...form} like={like?.job === form.job ? like : undefined} />
    </>
  );
}

function Form({ job, presets, schema, like }: JobForm & { readonly like: RunDetails | undefined }) {
  const sets = fieldsetsOf(schema);
  const fields = sets.flatMap((set) => set.fields);
  const [preset, setPreset] = useState(like ? '' : (presets[0] ?? ''));
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>(
    textsOf(fields, like?.config ?? {}),
  );
  const [words, setWords] = useState('');
  const [sent, setSent] = useState<{ readonly waits?: true; readonly error?: string }>({});
  const settings = settingsOf(fields, texts, preset);
  const defaults = useDefaults({ job, settings });
  const give = (name: string, text: string) => setTexts({ ...texts, [name]: text });
  const begin = async (event: Event) => {
    event.preventDefault();
    setSent({ waits: true });
    await post<Started>(connection, '/api/runs', { job, settings }).then(
      ({ id }) => {
        location.hash = hashOf({ view: 'run', run: id });
      },
      (error: unknown) => {
        const names = fields.map(({ name }) => name);
        setSent({ error: inSettings(messageOf(error), names) });
      },
    );
  };
  const isWrong = ({ name }: Field) => new RegExp(`\\b${name}\\b`).test(sent.error ?? '');
  return (
    <form class="start" noValidate onSubmit={begin}>
      {presets.length > 0 && (
        <div class="filters">
          <label>
            {say('preset')}
            <select value={preset} onChange={(event) => setPreset(event.currentTarget.value)}>
              {presets.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
              <option value="">{say('noPreset')}</option>
            </select>
          </label>
        </div>
      )}
      <Given settings={settings} remove={(name) => give(name, '')} />
      <p class="deeds">
        <button type="submit" class="main" disabled={sent.waits === true}>
          {say(sent.waits ? 'beginning' : 'begin')}
        </button>
        <span role="alert" class="problem">
          {sent.error}
        </span>
      </p>
      <h2>{say('settingsFor', { job })}</h2>
      <p class="quiet">{say('onlyGiven')}</p>
      <label>
        {say('find')}{' '}
        <input
          type="search"
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
          onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
        />
      </label>
      {sets.map(({ heading = say('general'), fields: all }) => {
        const shown = all.filter((field) => isAbout(field, words));
        if (shown.length === 0) return null;
        return (
          <details key={heading} open={words !== '' || all.some(isWrong)}>
            <summary>
              {heading} <span class="quiet">({shown.length})</span>
            </summary>
            {shown.map((field) => (
              <FieldRow
                key={field.name}
                field={field}
                usual={defaults?.[field.name]}
                text={texts[field.name] ?? ''}
                give={(text) => give(field.name, text)}
                isWrong={isWrong(field)}
              />
            ))}
          </details>
        );
      })}
    </form>
  );
}

interface GivenProps {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly remove: (name: string) => void;
}

/** What the run will be told, and a way to take it back. */
function Given({ settings, remove }: GivenProps) {
  const given = Object.entries(settings).filter(([name]) => name !== 'preset');
  return (
    <section aria-labelledby="given">
      <h2 id="given">{say('given', { count: given.length })}</h2>
      {given.length === 0 && <p class="quiet">{say('nothingGiven')}</p>}
      <ul class="given">
        {given.map(([name, value]) => (
          <li key={name}>
            <code>
              {name}: {settingText(value)}
            </code>{' '}
            <button type="button" aria-label={say('remove', { name })} onClick={() => remove(name)}>
              ×
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

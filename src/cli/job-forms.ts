/** What the dashboard can start, as forms. */
import type { JobForm, StartRequest } from '../api.ts';
import type { Settings } from '../jobs/kind.ts';
import { kinds } from '../jobs/kinds.ts';
import { configSchema } from './config-schema.ts';
import { headings } from './headings.ts';
import { jobDefaults } from './job-defaults.ts';

/** A form for each kind of job: the schema of its config file, and which settings stand together. */
export async function jobForms(): Promise<JobForm[]> {
  return Promise.all(
    kinds.map(async ({ name, load }) => {
      const kind = await load();
      const schema = JSON.parse(configSchema(kind));
      const { output: _, ...definitions } = schema.definitions; // the page's runs lie in its folder
      const known = Object.entries(headings).map(
        ([heading, names]) => [heading, names.filter((one) => one in definitions)] as const,
      );
      const all = Object.fromEntries(known.filter(([, names]) => names.length > 0));
      const presets = kind.presets?.names ?? [];
      return { job: name, presets, schema: { ...schema, definitions, headings: all } };
    }),
  );
}

/** What the settings of a form are that it leaves open; nothing of a kind of job that there is not. */
export async function formDefaults({ job, settings }: StartRequest): Promise<Settings> {
  const kind = await kinds.find(({ name }) => name === job)?.load();
  return kind ? jobDefaults(kind, settings) : {};
}

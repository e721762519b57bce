/** What the dashboard can start, as forms. */
import type { JobForm } from '../api.ts';
import { kinds } from '../jobs/kinds.ts';
import { configSchema } from './config-schema.ts';
import { headings } from './headings.ts';

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

/** A config file to begin with. Pure. */
import { stringify } from 'yaml';
import { labGaps, type PresetName } from '../jobs/presets.ts';
import { wrap } from '../report/text.ts';
import { expectation, type FieldSchema, shortest, typesOf } from '../settings/fields.ts';
import { settingsOf } from '../settings/setting.ts';
import type { JobName } from './job-names.ts';
import { jobs } from './jobs.ts';
import type { RunOptions } from './run-detox.ts';

/** What a file is made of. */
interface TemplateOptions {
  readonly job: JobName;
  /** Of detox alone, like `compat`. @default 'demo' */
  readonly preset?: PresetName | undefined;
  /** @default 'none' */
  readonly compat?: RunOptions['compat'];
}

const width = 100;

/**
 * Every setting with what it does, its range and its default: those that the job begins with as they
 * are, the others behind a `#`, with the value that they have.
 * @returns YAML
 */
export function configTemplate({ job, preset = 'demo', compat = 'none' }: TemplateOptions): string {
  const { settings, first, filled } = jobs[job];
  const set = first(preset, compat);
  const all = filled(set);
  const fields = settingsOf(settings).filter(({ path }) => path[0] !== 'preset');
  const blocks = fields.map(({ path: [name], schema, group }) => {
    const notes = [schema.description ?? '', rangeOf(schema)].filter(Boolean);
    const line = name in set ? lineOf(name, set[name]) : `# ${lineOf(name, all[name])}`;
    return { group, text: [...notes.flatMap((note) => comment(note)), line].join('\n') };
  });
  const parts = blocks.flatMap(({ group, text }, i) =>
    group !== undefined && group !== blocks[i - 1]?.group ? [`# ---- ${group} ----`, text] : [text],
  );
  return `${[head({ job, preset, compat }), ...parts].join('\n\n')}\n`;
}

function head({ job, preset, compat }: Required<TemplateOptions>): string {
  const trl = compat !== 'none';
  const named = trl ? `${preset}, as ${compat} does it` : preset;
  const which = job === 'detox' ? `those of the preset ${named}` : 'those that it needs';
  const lines = [
    ...comment(
      `Settings of tactful ${job}: ${which}, and behind a # all others as they are then. Flags go over the file.`,
    ),
    `# Use: npx tactful ${job} --config FILE`,
  ];
  if (preset !== 'lab' || !trl) return lines.join('\n');
  const gaps = labGaps.flatMap((gap) => comment(gap, '#   - ', '#     '));
  return [...lines, '#', "# Not even so as in the lab's notebook:", ...gaps].join('\n');
}

/** `A whole number above 0; default 4.` Empty of a text without a default. */
function rangeOf(schema: FieldSchema): string {
  const types = typesOf(schema);
  const isFree =
    types.has('string') && types.size === 1 && !schema.enum && !schema.anyOf && !schema.expects;
  const fallback = schema.default === undefined ? '' : `default ${valueText(schema.default)}`;
  const text = [isFree ? '' : expectation(schema), fallback].filter(Boolean).join('; ');
  return text === '' ? '' : `${text[0].toUpperCase()}${text.slice(1)}.`;
}

function lineOf(name: string, value: unknown): string {
  return value === undefined ? `${name}:` : `${name}: ${valueText(value)}`;
}

/** As YAML in one line. */
function valueText(value: unknown): string {
  if (typeof value === 'number') return shortest(value);
  if (typeof value === 'string' && value.includes('\n')) return JSON.stringify(value);
  return stringify(value, { lineWidth: 0, collectionStyle: 'flow' }).trimEnd();
}

function comment(text: string, first = '# ', rest = '# '): string[] {
  return wrap(text, width - rest.length).map((line, i) => `${i === 0 ? first : rest}${line}`);
}

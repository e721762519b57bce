/** A config file to begin with. Pure. */
import { stringify } from 'yaml';
import type { JobSettings, Kind, Settings } from '../jobs/kind.ts';
import { labGaps } from '../jobs/presets.ts';
import { wrap } from '../report/text.ts';
import { expectation, type FieldSchema, shortest, typesOf } from '../settings/fields.ts';
import { settingsOf } from '../settings/setting.ts';
import { jobOptions } from './job-options.ts';

/** Of a kind with presets: which one, and with which `compat`. */
interface TemplateOptions {
  /** @default 'demo' */
  readonly preset?: string | undefined;
  /** @default 'none' */
  readonly compat?: string | undefined;
}

const width = 100;

/**
 * Every setting with what it does, its range and its default: those that the job begins with as they
 * are, the others behind a `#`, with the value that they have.
 * @returns YAML
 */
export function configTemplate(
  kind: Kind,
  { preset = 'demo', compat = 'none' }: TemplateOptions = {},
): string {
  const { known: settings } = jobOptions(kind);
  const set = firstSettings(kind, { preset, compat });
  const all = allSettings(kind, set);
  const fields = settingsOf(settings).filter(({ path }) => path[0] !== 'preset');
  const blocks = fields.map(({ path: [name], schema, group }) => {
    const notes = [schema.description ?? '', rangeOf(schema)].filter(Boolean);
    const line = name in set ? lineOf(name, set[name]) : `# ${lineOf(name, all[name])}`;
    return { group, text: [...notes.flatMap((note) => comment(note)), line].join('\n') };
  });
  const parts = blocks.flatMap(({ group, text }, i) =>
    group !== undefined && group !== blocks[i - 1]?.group ? [`# ---- ${group} ----`, text] : [text],
  );
  return `${[head(kind, { preset, compat }), ...parts].join('\n\n')}\n`;
}

/** What a file to begin with says. */
export function firstSettings(
  kind: Kind,
  { preset = 'demo', compat = 'none' }: TemplateOptions,
): Settings {
  if (!kind.presets) return kind.first;
  return { ...kind.presets.settings(preset, { compat }), ...(compat !== 'none' && { compat }) };
}

/** Settings with all defaults. */
export function allSettings(kind: Kind, given: Settings): Settings {
  const settings = jobOptions(kind).known.parse(given);
  return kind.resolve?.(settings as unknown as JobSettings) ?? settings;
}

type Named = { readonly [Name in keyof TemplateOptions]-?: string };

function head({ name: job, presets }: Kind, { preset, compat }: Named): string {
  const trl = compat !== 'none';
  const named = trl ? `${preset}, as ${compat} does it` : preset;
  const which = presets ? `those of the preset ${named}` : 'those that it needs';
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

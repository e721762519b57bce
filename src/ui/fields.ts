/** The fields of a form, out of a job's JSON Schema, and the values that were typed there. Pure. */

/** What is needed of a JSON Schema of settings. */
export interface SettingSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: SettingSchema | readonly SettingSchema[];
}

export type FieldKind = 'choice' | 'flag' | 'whole' | 'number' | 'list' | 'text' | 'long';

export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  readonly description: string;
  readonly default?: unknown;
  readonly choices: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  /** Of a list: whether its entries are numbers. */
  readonly ofNumbers: boolean;
}

/** Fields under their heading, in the order of the schema; those before all headings have none. */
export interface Fieldset {
  readonly heading?: string;
  readonly fields: readonly Field[];
}

interface JobSchema {
  readonly definitions?: Readonly<Record<string, SettingSchema>>;
  /** Names of settings by heading. */
  readonly headings?: Readonly<Record<string, readonly string[]>>;
}

/** What is said of a job's flags, in the names of its settings: `--batch-size` is `batchSize` here. */
export function inSettings(message: string, names: readonly string[]): string {
  return message.replace(/--([a-z][a-z0-9-]*)/g, (flag, kebab: string) => {
    const name = kebab.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    return names.includes(name) ? name : flag;
  });
}

/** All settings of a job as fields; its preset has a place of its own. */
export function fieldsetsOf(schema: Readonly<Record<string, unknown>>): Fieldset[] {
  const { definitions = {}, headings = {} } = schema as JobSchema;
  const fields = Object.entries(definitions)
    .filter(([name]) => name !== 'preset')
    .map(([name, setting]) => fieldOf(name, setting));
  const under = new Map(
    Object.entries(headings).flatMap(([heading, names]) => names.map((name) => [name, heading])),
  );
  const general = fields.filter(({ name }) => !under.has(name));
  const rest = Object.keys(headings).map((heading) => ({
    heading,
    fields: fields.filter(({ name }) => under.get(name) === heading),
  }));
  return [{ fields: general }, ...rest].filter((set) => set.fields.length > 0);
}

function fieldOf(name: string, setting: SettingSchema): Field {
  const { minimum, maximum, items, description = '' } = setting;
  const first = Array.isArray(items) ? (items as readonly SettingSchema[])[0] : items;
  const type = (first as SettingSchema | undefined)?.type;
  return {
    name,
    kind: kindOf(setting),
    description,
    choices: (setting.enum ?? []).map(String),
    ofNumbers: type === 'number' || type === 'integer',
    ...('default' in setting && { default: setting.default }),
    ...(minimum !== undefined && { minimum }),
    ...(maximum !== undefined && { maximum }),
  };
}

function kindOf({ type, enum: choices, default: is }: SettingSchema): FieldKind {
  if (choices) return 'choice';
  if (type === 'boolean') return 'flag';
  if (type === 'integer') return 'whole';
  if (type === 'number') return 'number';
  if (type === 'array') return 'list';
  return typeof is === 'string' && is.includes('\n') ? 'long' : 'text';
}

/** What a text in a field means: `undefined` where nothing is given; what is no number stays a text. */
export function valueIn(
  { kind, ofNumbers }: Pick<Field, 'kind' | 'ofNumbers'>,
  text: string,
): unknown {
  if (text === '') return undefined;
  if (kind === 'flag') return text === 'true';
  if (kind === 'whole' || kind === 'number') return numberOr(text);
  if (kind !== 'list') return text;
  const parts = text.split(',').map((part) => part.trim());
  const entries = parts.filter((part) => part !== '');
  return ofNumbers ? entries.map(numberOr) : entries;
}

/** The server says what is wrong with what is none. */
function numberOr(text: string): number | string {
  const number = Number(text);
  return text.trim() === '' || !Number.isFinite(number) ? text : number;
}

/** Whether a field has to do with these words: by its name or what it is for. */
export function isAbout({ name, description }: Field, words: string): boolean {
  const text = `${name} ${description}`.toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** Settings of a request: the preset, and what was given. */
export function settingsOf(
  fields: readonly Field[],
  texts: Readonly<Record<string, string>>,
  preset: string,
): Record<string, unknown> {
  const given = fields.flatMap((field) => {
    const value = valueIn(field, texts[field.name] ?? '');
    return value === undefined ? [] : [[field.name, value] as const];
  });
  return { ...(preset !== '' && { preset }), ...Object.fromEntries(given) };
}

/** What to fill in so that a run has these settings: those that are not the default. */
export function textsOf(
  fields: readonly Field[],
  config: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const given = fields.filter(
    (field) =>
      config[field.name] !== undefined &&
      JSON.stringify(config[field.name]) !== JSON.stringify(field.default),
  );
  return Object.fromEntries(given.map(({ name }) => [name, fieldText(config[name])]));
}

function fieldText(value: unknown): string {
  return Array.isArray(value) ? value.join(', ') : String(value);
}

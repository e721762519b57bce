/** Where a run's events, its stores and the screen meet. */
import { join } from 'node:path';
import type {
  Comparison,
  Note,
  ParameterCount,
  RunEvent,
  StepMetrics,
  Summary,
} from '../events.ts';
import { ofTraining } from '../jobs/detox/notes.ts';
import { reportMarkdown } from '../report/markdown.ts';
import { verdictSentence } from '../report/measures.ts';
import { extremesTable, metricsTable, verdictLine } from '../report/terminal.ts';
import { byteText, counted, duration, fixed, grouped, memoryText, wrap } from '../report/text.ts';
import type { DynamoStore } from '../store/dynamodb.ts';
import type { RunFolder } from '../store/run-folder.ts';
import type { CommandContext, Screen } from './command.ts';
import { painter } from './paint.ts';
import { type Names, noteText } from './remedies.ts';
import { quoted } from './shell.ts';

export interface RunParts {
  readonly events: AsyncIterable<RunEvent>;
  readonly folder: RunFolder;
  /** Where the comparison goes as well. */
  readonly dynamo?: { readonly store: DynamoStore; readonly table: string } | undefined;
  readonly seed: number;
  /** To be done. */
  readonly steps: number;
  readonly context: Pick<
    CommandContext<unknown>,
    'json' | 'names' | 'print' | 'progress' | 'screen' | 'signal'
  >;
}

/** What the end of a run takes to tell. */
type Ending = Omit<RunParts, 'events'>;
type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { readonly type: T }>;
/** The latest event of each type, the measurement of the best adapter, and the first one of all. */
type Latest = { -readonly [T in RunEvent['type']]?: EventOf<T> } & {
  best?: EventOf<'validated'>;
  before?: EventOf<'evaluated'>;
};

/**
 * Reads a run to its end: every event goes to the run folder, then to the screen; the comparison
 * goes to its files and tables, the report to `report.md`. With `--json` one object comes at the end.
 * What the folder holds of an earlier start counts as well.
 */
export async function showRun(parts: RunParts): Promise<void> {
  const { events, folder, dynamo, context } = parts;
  let latest = latestOf(await folder.read());
  try {
    for await (const event of events) {
      // files first: what the log says is there, whenever the run is killed
      if (event.type === 'compared') await folder.writeComparison(event.comparison.rows);
      if (event.type === 'finished') await keepReport(event, latest, parts);
      await folder.append(event);
      const begins = event.type === 'started' || event.type === 'resumed';
      latest = begins ? latestOf(await folder.read()) : { ...latest, ...latestOf([event]) };
      show(event, parts);
    }
  } catch (error) {
    // Ctrl-C while measuring: no more events, but what there is stays worth telling
    if (!context.signal.aborted || !latest.started) throw error;
  }
  context.progress.close();
  const { started, compared } = latest;
  // last: a table that cannot be reached costs neither the report nor what the screen shows
  if (dynamo && started && compared) {
    const run = { runId: started.runId, started: started.time, seed: parts.seed };
    await dynamo.store.putComparison(run, compared.comparison.rows);
  }
  const notes = await trainingNotes(parts);
  if (context.json) context.print(JSON.stringify(resultOf(latest, notes, parts)));
  else context.print(closingText(latest, notes, parts));
}

function latestOf(events: readonly RunEvent[]): Latest {
  const latest: Latest = {};
  for (const event of events) {
    Object.assign(latest, { [event.type]: event });
    if (event.type === 'validated' && event.best) latest.best = event;
    if (event.type === 'evaluated' && event.when === 'before') latest.before = event;
  }
  return latest;
}

async function keepReport(finished: EventOf<'finished'>, latest: Latest, { folder }: RunParts) {
  const { started, compared, best, before } = latest;
  if (!started || !compared) return;
  const steps = await stepsOf(folder);
  const notes = [...(before?.notes ?? []), ...ofTraining(steps.map(({ metrics }) => metrics))];
  const { comparison } = compared;
  await folder.writeReport(reportMarkdown({ started, comparison, steps, finished, best, notes }));
}

async function stepsOf(folder: RunFolder): Promise<EventOf<'step'>[]> {
  const isStep = (event: RunEvent): event is EventOf<'step'> => event.type === 'step';
  return (await folder.read()).filter(isStep);
}

/** What the training showed, once it is over. */
async function trainingNotes({ folder }: Ending): Promise<Note[]> {
  return ofTraining((await stepsOf(folder)).map(({ metrics }) => metrics));
}

/** What an event changes on the screen. */
function show(event: RunEvent, parts: RunParts): void {
  const { context, steps } = parts;
  const { progress, print, json, screen } = context;
  if (event.type === 'progress') progress.update(event);
  if (event.type === 'evaluated' && !json) print(evaluationText(event, context));
  const begins = event.type === 'evaluated' && event.when === 'before';
  if (begins || event.type === 'calibrated') {
    progress.update({ phase: 'train', done: 0, total: steps });
  }
  if (event.type === 'step') {
    const { step: done, steps: total, metrics } = event;
    progress.update({ phase: 'train', done, total, status: statusText(metrics) });
  }
  if (event.type === 'resumed' && event.step < steps) {
    progress.update({ phase: 'train', done: event.step, total: steps });
  }
  if (json) return;
  if (event.type === 'started') print(startText(event, parts));
  if (event.type === 'resumed') print(resumedText(event, parts));
  if (event.type === 'validated') print(validatedText(event, screen.color));
  if (event.type === 'compared') print(comparedText(event, screen));
}

function comparedText({ comparison }: EventOf<'compared'>, screen: Screen): string {
  const tables = [metricsTable(comparison, screen), extremesTable(comparison, screen)];
  return ['', verdictText(comparison, screen), ...tables].join('\n\n').slice(1);
}

/** A run that is finished, as its folder tells it: what it was worth, and where things are. */
export async function showFinished(parts: Ending): Promise<void> {
  const { folder, context } = parts;
  const latest = latestOf(await folder.read());
  const notes = await trainingNotes(parts);
  if (context.json) return context.print(JSON.stringify(resultOf(latest, notes, parts)));
  context.print('The run is finished: there is nothing left to do.');
  if (latest.compared) context.print(comparedText(latest.compared, context.screen));
  context.print(closingText(latest, notes, parts));
}

/** The verdict in lines of the screen's width. */
function verdictText(comparison: Comparison, { width, color }: Screen): string {
  const wrapped = wrap(verdictLine(comparison), width).join('\n');
  const [words] = verdictLine(comparison, { color }).split(':');
  return words + wrapped.slice(wrapped.indexOf(':'));
}

/** `3538944 of 251116800 (1.41 %)`, in plain digits for comparing with other tools. */
export function countText({ trainable, all }: ParameterCount): string {
  return `${trainable} of ${all} (${((100 * trainable) / all).toFixed(2)} %)`;
}

/** `kl 0.12 · reward 1.84 · toxic 31 %`, as far as the metrics are there. */
export function statusText(metrics: StepMetrics): string {
  const first = (...names: string[]) => metrics[names.find((name) => name in metrics) ?? ''];
  const kl = first('objective/kl');
  const reward = first('env/reward_mean', 'ppo/mean_scores');
  const toxic = first('env/toxic_share');
  return [
    kl === undefined ? '' : `kl ${fixed(kl, 2)}`,
    reward === undefined ? '' : `reward ${fixed(reward, 2)}`,
    toxic === undefined ? '' : `toxic ${fixed(100 * toxic, 0)} %`,
  ]
    .filter(Boolean)
    .join(' · ');
}

function startText(event: EventOf<'started'>, { folder, context }: RunParts): string {
  const { color, width } = context.screen;
  const { runId, engine, data, policyParameters, referenceParameters, memory, notes } = event;
  const { rows, kept, dialogues, train, validation, test } = data;
  const different = dialogues === undefined ? '' : `, ${grouped(dialogues)} dialogues`;
  const withheld = validation === undefined ? '' : `, ${grouped(validation)} validation`;
  return lines(color, [
    ['run', runId],
    ['folder', folder.directory],
    ['engine', engine],
    [
      'data',
      `${grouped(rows)} rows, ${grouped(kept)} kept${different}: ${grouped(train)} train${withheld}, ${grouped(test)} test`,
    ],
    ...dataNotes(data),
    ['policy', `${countText(policyParameters)} parameters trainable`],
    ['reference', countText(referenceParameters)],
    ...(memory ? [['memory', memoryText(memory)] as const] : []),
    ...noteLines(notes, width, context.names),
  ]);
}

/** Columns that were found by usual names, and rows that could not be read: a line each. */
export function dataNotes({
  columns = {},
  skipped,
}: Pick<EventOf<'started'>['data'], 'columns' | 'skipped'>): [label: string, text: string][] {
  const taken = Object.entries(columns).map(([what, column]) => `"${column}" as ${what}`);
  const notes: [string, string][] = taken.length > 0 ? [['columns', taken.join(', ')]] : [];
  if (skipped === undefined) return notes;
  const { count, first } = skipped;
  const [{ where, why }] = first;
  return [...notes, ['skipped', `${counted(count, 'bad row')}; the first is ${where}: ${why}`]];
}

/** Each note, and what to do about it, in lines of the screen's width; the first has a label. */
export function noteLines(
  notes: readonly Note[] = [],
  width: number,
  names: Names,
): [string, string][] {
  return notes.flatMap((note) =>
    wrap(noteText(note, names), Math.max(20, width - labelWidth - 2)).map(
      (line, i): [string, string] => [i === 0 ? 'note' : '', line],
    ),
  );
}

function resumedText({ step, engine, notes }: EventOf<'resumed'>, parts: RunParts): string {
  const { folder, steps, context } = parts;
  const { width, color } = context.screen;
  return lines(color, [
    ['folder', folder.directory],
    ['engine', engine],
    ['goes on', `after step ${step} of ${steps}`],
    ...noteLines(
      notes.map((says) => ({ says })),
      width,
      context.names,
    ),
  ]);
}

function validatedText({ step, best, ...event }: EventOf<'validated'>, color: boolean): string {
  const { reward, toxicity, rouge1 } = event;
  const text = `reward ${fixed(reward.mean, 3)}, toxicity ${fixed(toxicity.mean, 4)}${rougePart(rouge1)}`;
  return lines(color, [[`step ${step}`, best ? `${text}, best so far` : text]]);
}

function evaluationText(
  event: EventOf<'evaluated'>,
  { screen: { width, color }, names }: RunParts['context'],
): string {
  const { when, toxicity, flagged, rouge1, notes } = event;
  const mean = ({ mean: value, std }: Summary) => `${fixed(value, 4)} ± ${fixed(std, 4)}`;
  const share = `${fixed(100 * flagged.mean, 1)} % flagged`;
  const text = `toxicity ${mean(toxicity)}, ${share}${rougePart(rouge1)}, n=${toxicity.n}`;
  return lines(color, [[when, text], ...noteLines(notes, width, names)]);
}

/** `, ROUGE-1 0.7290`, where it was measured. */
function rougePart(rouge1: Summary | undefined): string {
  return rouge1 === undefined ? '' : `, ROUGE-1 ${fixed(rouge1.mean, 4)}`;
}

const labelWidth = 14;

function lines(color: boolean, rows: readonly (readonly [label: string, text: string])[]): string {
  const paint = painter(color);
  return rows
    .map(([label, text]) => `${paint('dim', label.padEnd(labelWidth))}  ${text}`)
    .join('\n');
}

/** What there is now and where; after a stop, how to go on. */
function closingText(latest: Latest, notes: readonly Note[], parts: Ending): string {
  const { best, compared, finished } = latest;
  const { folder, dynamo, context } = parts;
  const { color, width } = context.screen;
  const at = (name: string) => join(folder.directory, name);
  const table = dynamo && compared ? `, DynamoDB table ${dynamo.table}` : '';
  const files: [label: string, text: string][] = [
    ...(hasAdapter(latest) ? [['adapter', at('adapter')] as [string, string]] : []),
    ...(best ? [['best adapter', `${at('best')}, of step ${best.step}`] as [string, string]] : []),
    ...(compared ? [['comparison', at('comparison.csv') + table] as [string, string]] : []),
    ...(compared && finished ? [['report', at('report.md')] as [string, string]] : []),
    ['events', at('events.jsonl')],
  ];
  const head = painter(color)('bold', headline(latest));
  const next = finished ? [] : ['Go on with:', `  ${goOn(parts)}`];
  const told = noteLines(notes, width, context.names);
  return ['', head, lines(color, [...told, ...files]), ...next].join('\n');
}

/** The command line that goes on with the run. */
function goOn({ folder }: Ending): string {
  return `npx tactful resume ${quoted(folder.directory)}`;
}

function headline(latest: Latest): string {
  const { finished, stopped } = latest;
  if (finished) {
    const { steps, seconds, peakMemory } = finished;
    const memory = peakMemory === undefined ? '' : `, ${byteText(peakMemory)} of memory at most`;
    return `${counted(steps, 'step')} in ${duration(seconds)}${memory}.`;
  }
  const done = stepsDone(latest);
  const where = done === 0 ? 'before the first step' : `after step ${done}`;
  return `Stopped ${where}${stopped ? `: ${stopped.reason}` : ', while measuring'}.`;
}

function stepsDone({ stopped, step, finished }: Latest): number {
  return finished?.steps ?? stopped?.step ?? step?.step ?? 0;
}

/** It is written when the training ends, however it ends. */
function hasAdapter({ stopped, finished, step }: Latest): boolean {
  return Boolean(stopped ?? finished) || (step !== undefined && step.step === step.steps);
}

/** The run as `--json` tells it. */
function resultOf(
  latest: Latest,
  ofTrained: readonly Note[],
  parts: Ending,
): Record<string, unknown> {
  const { folder, seed } = parts;
  const { started, resumed, best, before, stopped, compared, finished } = latest;
  const { verdict, collapse, same, rouge, slices } = compared?.comparison ?? {};
  const notes = [...(started?.notes ?? []), ...(before?.notes ?? []), ...ofTrained];
  const done = stepsDone(latest);
  return {
    runId: started?.runId,
    directory: folder.directory,
    seed,
    engine: started?.engine,
    data: started?.data,
    ...(notes.length > 0 && { notes }),
    policyParameters: started?.policyParameters,
    referenceParameters: started?.referenceParameters,
    steps: done,
    seconds: finished?.seconds,
    ...(started?.memory && { memory: { estimated: started.memory, peak: finished?.peakMemory } }),
    verdict,
    ...(compared && { says: verdictSentence(compared.comparison) }),
    ...(collapse && { collapse }),
    ...{ same, rouge, slices },
    ...(resumed && { resumed: { step: resumed.step, notes: resumed.notes } }),
    ...(best && { best: { step: best.step, directory: join(folder.directory, 'best') } }),
    ...(!finished && { stopped: { step: done, reason: stopped?.reason, goOn: goOn(parts) } }),
  };
}

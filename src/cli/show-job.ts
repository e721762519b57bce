/** Where the events of a job meet the screen. */
import { join } from 'node:path';
import type { Verdict } from '../comparison.ts';
import { logName } from '../disk/result-folder.ts';
import { quoted } from '../disk/shell.ts';
import { type DataSizes, type JobEvent, type Note, whileMeasuring } from '../events.ts';
import type { Kind, Latest, Line, Outcome, Settings } from '../jobs/kind.ts';
import { byteText, counted, duration, grouped, memoryText, wrap } from '../report/text.ts';
import { guardText } from '../report/words/guards.ts';
import type { Courier, Delivered } from '../store/courier.ts';
import { readEvents, withEvent } from '../store/event-log.ts';
import type { CommandContext } from './command.ts';
import { painter } from './paint.ts';
import { type Names, named, noteText } from './remedies.ts';
import { deliveredText, finishStores, toldDelivered } from './stores.ts';

/** A job as it is shown. */
export interface ShownJob {
  readonly kind: Pick<Kind, 'result' | 'screen'>;
  readonly output: string;
  /** @default those with which it began */
  readonly settings?: Settings;
  /** Of its stores. */
  readonly courier?: Courier | undefined;
  readonly context: Pick<
    CommandContext<unknown>,
    'json' | 'names' | 'print' | 'progress' | 'screen' | 'signal'
  >;
}

type EventOf<T extends JobEvent['type']> = Extract<JobEvent, { readonly type: T }>;

/**
 * Shows what happens, then what came of it. With `--json` one object comes at the end. What the folder
 * holds of an earlier start counts as well.
 * @returns the verdict, where it came to a comparison
 */
export async function showEvents(
  events: AsyncIterable<JobEvent>,
  job: ShownJob,
): Promise<Verdict | undefined> {
  const { output, courier, context } = job;
  let told: readonly JobEvent[] = [];
  try {
    for await (const event of events) {
      const goesOn = event.type === 'resumed';
      const before =
        goesOn && told.length === 0 ? await readEvents<JobEvent>(join(output, logName)) : told;
      if (event.type !== 'progress') told = withEvent(before, event);
      show(event, told, job);
    }
  } catch (error) {
    // Ctrl-C while measuring: no more events, but what there is stays worth telling
    if (!context.signal.aborted || told.length === 0) throw error;
  }
  context.progress.close();
  if (courier && !context.json) context.progress.note('bringing the stores up to date');
  tell(told, job, await finishStores(courier, context.signal));
  return latestOf(told).compared?.comparison.verdict;
}

/**
 * A job that is finished, as its folder tells it: what it was worth, and where things are.
 * @returns the verdict, where it was compared
 */
export function showFinished(told: readonly JobEvent[], job: ShownJob): Verdict | undefined {
  const { kind, context } = job;
  const { compared } = latestOf(told);
  if (!context.json) context.print('The job is finished: there is nothing left to do.');
  if (!context.json && compared && kind.screen.compared)
    context.print(kind.screen.compared(compared, context.screen, settingsOf(told, job)));
  tell(told, job);
  return compared?.comparison.verdict;
}

function tell(
  told: readonly JobEvent[],
  job: ShownJob,
  delivered: readonly Delivered[] = [],
): void {
  const { kind, output, context } = job;
  const settings = settingsOf(told, job);
  const steps = told.flatMap((event) => (event.type === 'step' ? [event.metrics] : []));
  const latest = latestOf(told);
  const guarded = told.flatMap((event) => (event.type === 'guarded' ? [event] : []));
  const outcome = { latest, steps, guarded, output, settings };
  const { json, print, screen } = context;
  const shown = { kind, output, context, delivered };
  if (json) {
    print(JSON.stringify(resultOf(outcome, shown)));
    return;
  }
  print(closingText(outcome, shown));
  const { after } = latest;
  if (after && kind.screen.table)
    print(`\n${kind.screen.table(after, (text) => painter(screen.color)('bold', text))}`);
  const { saved, problem } = latest.stopped ?? {};
  if (!latest.finished && saved !== false && problem === undefined)
    print(['Go on with:', `  ${goOn(output)}`].join('\n'));
}

function settingsOf(told: readonly JobEvent[], { settings }: ShownJob): Settings {
  return settings ?? latestOf(told).started?.config ?? {};
}

function latestOf(told: readonly JobEvent[]): Latest {
  const latest: Latest = {};
  for (const event of told) {
    Object.assign(latest, { [event.type]: event });
    if (event.type === 'validated' && event.best) latest.best = event;
    if (event.type === 'evaluated') latest[event.when] = event;
  }
  return latest;
}

/** Steps to be done; the logs of earlier versions say it in the settings, or with each step. */
function totalOf(told: readonly JobEvent[]): number {
  const { started, resumed, step } = latestOf(told);
  return started?.steps ?? step?.steps ?? resumed?.steps ?? Number(started?.config.steps ?? 0);
}

/** What an event changes on the screen. */
function show(event: JobEvent, told: readonly JobEvent[], job: ShownJob): void {
  const { kind, output, context } = job;
  const steps = totalOf(told);
  const { progress, print, json, screen, names } = context;
  const say = kind.screen;
  const lines = (rows: readonly Line[]) => {
    if (!json) print(linesText(screen.color, rows));
  };
  if (event.type === 'progress') progress.update(event);
  if (event.type === 'started') lines(startLines(event, say.started(event), { output, context }));
  if (event.type === 'resumed') {
    const notes = event.notes.map((says) => ({ says }));
    lines([
      ['folder', output],
      ['engine', event.engine],
      ['goes on', `after step ${event.step} of ${steps}`],
      ...noteLines(notes, screen.width, names),
    ]);
    if (event.step < steps) progress.update({ phase: 'train', done: event.step, total: steps });
  }
  if (event.type === 'evaluated' && say.tellsMeasures) {
    const { when, notes } = event;
    lines([[when, say.brief(event, when)], ...noteLines(notes, screen.width, names)]);
  }
  // a line has taken the place of the bar
  const begins = event.type === 'evaluated' && event.when === 'before' && say.tellsMeasures;
  if (begins || event.type === 'calibrated') {
    progress.update({ phase: 'train', done: 0, total: steps });
  }
  if (event.type === 'step') {
    const { step: done, steps: total, metrics } = event;
    progress.update({ phase: 'train', done, total, status: say.status(metrics) });
  }
  if (event.type === 'validated') {
    const { step, best } = event;
    const text = say.brief(event, 'during');
    lines([[`step ${step}/${steps}`, best ? `${text}, the best so far` : text]]);
  }
  if (event.type === 'guarded') {
    const text = wrap(guardText(event), Math.max(20, screen.width - labelWidth - 2));
    lines(text.map((line, i): Line => [i === 0 ? `guard ${event.step}/${steps}` : '', line]));
  }
  if (event.type === 'compared' && say.compared && !json) {
    print(say.compared(event, screen, settingsOf(told, job)));
  }
}

function startLines(
  event: EventOf<'started'>,
  own: readonly Line[],
  { output, context: { screen, names } }: Pick<ShownJob, 'output' | 'context'>,
): Line[] {
  const { runId, engine, data, memory, notes } = event;
  return [
    ['run', runId],
    ['folder', output],
    ['engine', engine],
    ['data', dataText(data)],
    ...dataNotes(data),
    ...own,
    ...(memory ? [['memory', memoryText(memory)] as const] : []),
    ...noteLines(notes, screen.width, names),
  ];
}

function dataText(data: DataSizes): string {
  const { rows, kept, dialogues, train, pairs, validation, test, cut = 0 } = data;
  const different = dialogues === undefined ? '' : `, ${grouped(dialogues)} dialogues`;
  const learnt = pairs === undefined ? '' : ` (${grouped(pairs)} summaries)`;
  const withheld = validation === undefined ? '' : `, ${grouped(validation)} validation`;
  const parts = `${grouped(train)} train${learnt}${withheld}, ${grouped(test)} test`;
  const short = cut > 0 ? `; ${grouped(cut)} texts cut` : '';
  return `${grouped(rows)} rows, ${grouped(kept)} kept${different}: ${parts}${short}`;
}

/** Columns that were found by usual names, and rows that could not be read: a line each. */
function dataNotes({ columns = {}, skipped }: DataSizes): Line[] {
  const taken = Object.entries(columns).map(([what, column]) => `"${column}" as ${what}`);
  const notes: Line[] = taken.length > 0 ? [['columns', taken.join(', ')]] : [];
  if (skipped === undefined) return notes;
  const { count, first } = skipped;
  const [{ where, why }] = first;
  return [...notes, ['skipped', `${counted(count, 'bad row')}; the first is ${where}: ${why}`]];
}

/** Each note, and what to do about it, in lines of the screen's width; the first has a label. */
function noteLines(notes: readonly Note[] = [], width: number, names: Names): Line[] {
  return notes.flatMap((note) =>
    wrap(noteText(note, names), Math.max(20, width - labelWidth - 2)).map(
      (line, i): Line => [i === 0 ? 'note' : '', line],
    ),
  );
}

const labelWidth = 14;

function linesText(color: boolean, rows: readonly Line[]): string {
  const paint = painter(color);
  return rows
    .map(([label, text]) => `${paint('dim', label.padEnd(labelWidth))}  ${text}`)
    .join('\n');
}

/** What became of a job beside its folder. */
interface Closing {
  readonly delivered: readonly Delivered[];
}

/** What was measured, what there is now and where. */
function closingText(
  outcome: Outcome,
  { kind, output, context, delivered }: ShownJob & Closing,
): string {
  const { latest } = outcome;
  const { finished, stopped, before, after } = latest;
  const { screen, names } = context;
  const say = kind.screen;
  const best = finished?.best ?? stopped?.best;
  const saved = finished !== undefined || stopped?.saved === true;
  const chosen = best === undefined ? '' : `, the best: after step ${grouped(best)}`;
  const result = saved ? `${output}${chosen}` : 'none: nothing has been learnt yet';
  const lines: Line[] = [
    ...(after && say.measured ? say.measured(after, before) : []),
    ...noteLines(say.notes?.(outcome), screen.width, names),
    ...(say.files?.(outcome) ?? []),
    ...(kind.result === undefined ? [['result', result] as const] : []),
    ...(stopped?.last === undefined ? [] : [['last step', stopped.last] as const]),
    ...(stopped?.problem === undefined
      ? []
      : [['no checkpoint', named(stopped.problem, names)] as const]),
    ...(latest.started && stopped?.saved !== false
      ? [['events', join(output, logName)] as const]
      : []),
    // of what came to nothing there is nothing to send
    ...(stopped?.saved === false ? [] : delivered).map(
      (one) => ['store', deliveredText(one, output)] as const,
    ),
  ];
  const head = painter(screen.color)('bold', headline(latest, kind));
  return ['', head, linesText(screen.color, lines)].join('\n');
}

/** The command line that goes on with the job. */
function goOn(output: string): string {
  return `npx tactful resume ${quoted(output)}`;
}

function headline(latest: Latest, { result }: ShownJob['kind']): string {
  const { finished, stopped } = latest;
  const of = latest.step?.steps ?? latest.started?.steps;
  if (finished) {
    const { steps, seconds, peakMemory, early, rolledBack } = finished;
    const took = Number.isFinite(seconds) ? ` in ${duration(seconds)}` : '';
    const memory = peakMemory === undefined ? '' : `, ${byteText(peakMemory)} of memory at most`;
    const patience = early ? `, of ${of}: it got no better any more` : '';
    const guarded = rolledBack
      ? `, of ${of}: stopped by a guard, back to ${stepText(rolledBack.to)}`
      : '';
    const done = result === false ? 'Measured' : counted(steps, 'step');
    return `${done}${took}${memory}${patience}${guarded}.`;
  }
  const done = stepsDone(latest);
  const where = done === 0 ? 'before the first step' : `after step ${grouped(done)}`;
  const total = done === 0 || of === undefined ? '' : ` of ${grouped(of)}`;
  const isBetween = stopped !== undefined && stopped.reason !== whileMeasuring;
  return `Stopped ${where}${total}${isBetween ? '' : ', while measuring'}.`;
}

/** `step 20`, or where the training began. */
function stepText(step: number): string {
  return step === 0 ? 'the start' : `step ${grouped(step)}`;
}

function stepsDone({ stopped, step, finished, resumed }: Latest): number {
  return (finished?.steps ?? stopped?.step ?? step?.step ?? resumed?.step) || 0;
}

/** The job as `--json` tells it. */
function resultOf(
  outcome: Outcome,
  { kind, output, delivered }: ShownJob & Closing,
): Record<string, unknown> {
  const { latest } = outcome;
  const { started, resumed, step, before, after, stopped, finished } = latest;
  const isOwn = kind.result === undefined;
  const ofResult = kind.screen.notes?.(outcome) ?? [];
  const notes = [...(started?.notes ?? []), ...(before?.notes ?? []), ...ofResult];
  const best = finished?.best ?? stopped?.best;
  const heldOut = { before: before && measuresIn(before), after: after && measuresIn(after) };
  const { step: at, reason, saved, last, problem } = stopped ?? {};
  const canGoOn = saved !== false && problem === undefined;
  const end = { step: at ?? stepsDone(latest), reason, saved, last, problem };
  return {
    ...(isOwn ? { output } : { runId: started?.runId, directory: output }),
    seed: started?.config.seed,
    engine: started?.engine,
    data: started?.data,
    ...(notes.length > 0 && { notes }),
    ...{ steps: stepsDone(latest), of: step?.steps ?? resumed?.steps ?? started?.steps },
    seconds: finished?.seconds,
    ...(isOwn && { best, heldOut }),
    early: finished?.early,
    ...(outcome.guarded.length > 0 && { guards: outcome.guarded.map(toldGuard) }),
    ...(finished?.rolledBack && { rolledBack: finished.rolledBack }),
    ...kind.screen.json(outcome),
    ...(delivered.length > 0 && { stores: delivered.map((one) => toldDelivered(one, output)) }),
    ...(resumed && { resumed: { step: resumed.step, notes: resumed.notes } }),
    ...(!finished && { stopped: { ...end, ...(canGoOn && { goOn: goOn(output) }) } }),
  };
}

/** What a guard saw, and the sentence that says it. */
function toldGuard(event: EventOf<'guarded'>): object {
  const { type: _, ...guarded } = event;
  return { ...guarded, says: guardText(event) };
}

/** What was measured, of its event. */
function measuresIn(event: EventOf<'evaluated'>): object {
  const { type: _, when: __, notes: ___, ...measures } = event;
  return measures;
}

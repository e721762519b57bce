/** Where the events of a supervised job meet the screen. */

import { isUnfinished } from '../disk/result-folder.ts';
import type { Note } from '../events.ts';
import type { JobContext, JobEvent } from '../jobs/run.ts';
import { counted, duration, fixed, grouped, memoryText } from '../report/text.ts';
import type { CommandContext } from './command.ts';
import { type Policy, startEngineFor } from './engine.ts';
import { showDownload } from './locate.ts';
import { type EngineSettings, withEngine } from './options.ts';
import { painter } from './paint.ts';
import { named, thenGoOn } from './remedies.ts';
import { quoted } from './shell.ts';
import { countText, dataNotes, noteLines } from './show-run.ts';
import { version } from './version.ts';

export interface JobParts<Measures> {
  readonly output: string;
  readonly engine: EngineSettings;
  /** A policy by whose size the engine is chosen. */
  readonly policy?: Policy;
  /** Goes on with the one in the output. @default false */
  readonly resume?: boolean;
  /** Starts the job. */
  start(context: JobContext): AsyncIterable<JobEvent<Measures>>;
  /** What a measurement in between says, in one line. */
  brief(measures: Measures): string;
  /** Lines of a label and a text about what was measured. */
  measured(measures: Measures, before: Measures | undefined): readonly Line[];
  /** What the reader must know of what was measured. @default nothing */
  notes?(measures: Measures): readonly Note[];
  /** What else `--json` says of it. @default nothing */
  about?(measures: Measures): Readonly<Record<string, unknown>>;
  /** Below those lines. @default nothing */
  table?(measures: Measures): string;
  readonly context: Pick<
    CommandContext<unknown>,
    'json' | 'names' | 'print' | 'progress' | 'screen' | 'signal'
  >;
}

type Shown = Pick<CommandContext<unknown>, 'names' | 'screen'>;
type Line = readonly [label: string, text: string];
type EventOf<M, T extends JobEvent<M>['type']> = Extract<JobEvent<M>, { readonly type: T }>;

/** Runs a job to its end on an engine of its own; shows progress, then what came of it. */
export async function showJob<Measures>(parts: JobParts<Measures>): Promise<void> {
  const { output, resume = false, start, context } = parts;
  const { json, print, progress, screen, signal } = context;
  const engine = await startEngineFor(parts.policy, parts.engine, context);
  const latest: { -readonly [T in JobEvent<Measures>['type']]?: EventOf<Measures, T> } = {};
  let before: Measures | undefined;
  let after: Measures | undefined;
  try {
    for await (const event of start({
      ...{ engine, output, resume, version: version(), signal },
      engineSettings: withEngine(parts.engine, engine),
      downloading: showDownload(progress),
    })) {
      Object.assign(latest, { [event.type]: event });
      if (event.type === 'progress') progress.update(event);
      if (event.type === 'step') {
        const { step: done, steps: total, loss } = event;
        progress.update({ phase: 'train', done, total, status: `loss ${fixed(loss, 4)}` });
      }
      if (event.type === 'resumed') {
        progress.update({ phase: 'train', done: event.step, total: event.steps });
      }
      if (event.type === 'evaluated' && event.when === 'before') before = event.measures;
      if (event.type === 'evaluated' && event.when === 'after') after = event.measures;
      if (json) continue;
      if (event.type === 'started') print(lines(startLines(event, context), screen.color));
      if (event.type === 'resumed') print(lines(resumedLines(event, context), screen.color));
      if (event.type === 'evaluated' && event.when === 'during') {
        const { step, measures, best } = event;
        const of = (latest.step ?? latest.resumed)?.steps ?? step;
        const text = `${parts.brief(measures)}${best ? ', the best so far' : ''}`;
        print(lines([[`step ${step}/${of}`, text]], screen.color));
      }
    }
  } catch (error) {
    throw (await isUnfinished(output)) ? thenGoOn(error, output) : error;
  } finally {
    await engine.close();
  }
  progress.close();
  const { started, resumed, step, stopped, finished } = latest;
  const ofResult = after === undefined ? [] : (parts.notes?.(after) ?? []);
  const saved = finished !== undefined || stopped?.saved === true;
  const best = finished?.best ?? stopped?.best;
  const canGoOn = saved && stopped?.problem === undefined;
  const goOn = `npx tactful resume ${quoted(output)}`;
  const done = (step ?? resumed)?.step ?? 0;
  const of = (step ?? resumed)?.steps;
  if (json) {
    const { parameters, data } = started ?? {};
    const notes = [...(started?.notes ?? []), ...ofResult];
    const heldOut = { before, after };
    const { early } = finished ?? {};
    const last = stopped?.last;
    const { problem } = stopped ?? {};
    const rest = stopped && { stopped: { saved, last, problem, ...(canGoOn && { goOn }) } };
    print(
      JSON.stringify({
        output,
        engine: started?.engine,
        parameters,
        data,
        ...(notes.length > 0 && { notes }),
        ...{ steps: done, of, seconds: finished?.seconds },
        best,
        early,
        heldOut,
        ...(after !== undefined && parts.about?.(after)),
        ...(resumed && { resumed: { step: resumed.step, notes: resumed.notes } }),
        ...rest,
      }),
    );
    return;
  }
  const early = finished?.early ? `, of ${of}: it got no better any more` : '';
  const head = finished
    ? `${counted(done, 'step')} in ${duration(finished.seconds)}${early}.`
    : `Stopped after step ${grouped(done)}${of ? ` of ${grouped(of)}` : ''}.`;
  const chosen = best === undefined ? '' : `, the best: after step ${grouped(best)}`;
  const result: Line[] = [
    ...(after === undefined ? [] : parts.measured(after, before)),
    ...noteLines(ofResult, screen.width, context.names),
    ['result', saved ? `${output}${chosen}` : 'none: nothing has been learnt yet'],
    ...(stopped?.last === undefined ? [] : [['last step', stopped.last] as const]),
    ...(stopped?.problem === undefined
      ? []
      : [['no checkpoint', named(stopped.problem, context.names)] as const]),
  ];
  print(['', painter(screen.color)('bold', head), lines(result, screen.color)].join('\n'));
  if (after !== undefined && parts.table) print(`\n${parts.table(after)}`);
  if (!finished && canGoOn) print(['Go on with:', `  ${goOn}`].join('\n'));
}

function startLines<M>(event: EventOf<M, 'started'>, { screen, names }: Shown): Line[] {
  const { engine, parameters, data, memory, notes } = event;
  const { rows, kept, dialogues, train, pairs, test, cut } = data;
  const counts = [
    `${grouped(rows)} rows`,
    ...(kept < rows ? [`${grouped(kept)} kept`] : []),
    ...(dialogues === undefined ? [] : [`${grouped(dialogues)} dialogues`]),
  ];
  const learnt = pairs === undefined ? '' : ` (${grouped(pairs)} summaries)`;
  const parts = `${grouped(train)} train${learnt}, ${grouped(test)} test`;
  return [
    ['engine', engine],
    ['data', `${counts.join(', ')}: ${parts}${cut > 0 ? `; ${grouped(cut)} texts cut` : ''}`],
    ...dataNotes(data),
    ['parameters', `${countText(parameters)} trainable`],
    ...(memory ? [['memory', memoryText(memory)] as const] : []),
    ...noteLines(notes, screen.width, names),
  ];
}

function resumedLines<M>(event: EventOf<M, 'resumed'>, { screen, names }: Shown): Line[] {
  const { step, steps, notes } = event;
  const said = notes.map((says) => ({ says }));
  return [['goes on', `after step ${step} of ${steps}`], ...noteLines(said, screen.width, names)];
}

function lines(rows: readonly Line[], color: boolean): string {
  const paint = painter(color);
  return rows.map(([label, text]) => `${paint('dim', label.padEnd(14))}  ${text}`).join('\n');
}

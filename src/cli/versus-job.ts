/** `detox --versus`: runs under several semantics, and what each costs. */
import { join } from 'node:path';
import { quoted } from '../disk/shell.ts';
import { version } from '../disk/version.ts';
import type { DetoxConfig } from '../jobs/detox/config.ts';
import type { Settings } from '../jobs/kind.ts';
import type { VersusEvent } from '../jobs/versus/versus.ts';
import type { Language } from '../report/words/language.ts';
import type { CommandContext } from './command.ts';
import { openComputing } from './engine.ts';
import { keptSettings } from './kept-settings.ts';
import { showDownload } from './locate.ts';
import type { MachineSettings } from './machine-options.ts';
import type { EngineSettings } from './options.ts';
import { painter } from './paint.ts';
import { omit } from './settings.ts';

/** What is to be run, and for whom. */
export interface AskedVersus {
  readonly config: DetoxConfig;
  readonly ablate: boolean;
  readonly engine: EngineSettings & MachineSettings;
  readonly given: Settings;
  readonly resume: boolean;
  /** Of runs that go on: what their workers' self-test came to. */
  readonly bits: string | undefined;
  readonly context: CommandContext<unknown>;
}

/** Runs them all, or as far as Ctrl-C lets it; shows how far it is and what came of it. */
export async function runVersusIn(
  output: string,
  { config, ablate, engine: settings, given, resume, bits, context }: AskedVersus,
): Promise<void> {
  const { runVersus } = await import('../jobs/versus/versus.ts');
  const wanted = { name: output, bits };
  const computing = await openComputing(undefined, settings, { wanted, context });
  const { engine, aside, progress } = computing;
  try {
    const events = runVersus(config, {
      ...{ engine, aside, output, resume, ablate, version, signal: context.signal },
      given: omit(keptSettings(given, settings, engine), ['versus', 'ablate']),
      downloading: showDownload(progress),
    });
    const shown = { ...context, progress };
    await showVersus(events, output, { context: shown, language: config.language });
  } finally {
    await computing.close();
  }
}

interface Shown {
  readonly context: CommandContext<unknown>;
  readonly language: Language;
}

/** The run at work. */
type Place = Extract<VersusEvent, { readonly place: number }>;

async function showVersus(
  events: AsyncIterable<VersusEvent>,
  output: string,
  { context, language }: Shown,
): Promise<void> {
  const { json, print, progress, signal } = context;
  let at: Place | undefined;
  let end: Extract<VersusEvent, { type: 'compared' }> | undefined;
  try {
    for await (const event of events) {
      if (event.type === 'compared') end = event;
      else if (event.type === 'event') showEvent(event, at, context);
      else at = event;
      if (event.type === 'began' || event.type === 'known') showPlace(event, context);
    }
  } catch (error) {
    if (!signal.aborted) throw error; // Ctrl-C while measuring
  }
  progress.close();
  const goOn = `npx tactful resume ${quoted(output)}`;
  if (!end) {
    if (json) print(JSON.stringify({ directory: output, stopped: { run: at?.run, goOn } }));
    else
      print(`\nStopped in the run ${at?.run}, ${at?.place} of ${at?.of}.\nGo on with:\n  ${goOn}`);
    return;
  }
  const { semanticsTables } = await import('../report/several/semantics.ts');
  if (json) {
    print(JSON.stringify({ directory: output, ...end.semantics }));
    return;
  }
  const bold = (text: string) => painter(context.screen.color)('bold', text);
  print(`\n${semanticsTables(end.semantics, { language, bold })}\n`);
  print(`report          ${join(output, 'report.md')}`);
  print(`numbers         ${join(output, 'versus.json')}`);
}

function showPlace({ type, run, place, of }: Place, { json, print, screen }: Shown['context']) {
  if (json) return;
  const paint = painter(screen.color);
  const known = type === 'known' ? ', finished before' : '';
  print(`${paint('bold', run)} ${paint('dim', `(run ${place} of ${of}${known})`)}`);
}

/** How far the run is, and how far all are; what the first says of models and data. */
function showEvent(
  { event, run }: Extract<VersusEvent, { type: 'event' }>,
  at: Place | undefined,
  { json, print, progress, note }: Shown['context'],
): void {
  const { place = 1, of = 1 } = at ?? {};
  if (event.type === 'progress') progress.update({ ...event, phase: `${run}: ${event.phase}` });
  if (event.type === 'step') {
    const { step: done, steps: total } = event;
    const all = Math.round((100 * (place - 1 + done / total)) / of);
    progress.update({ phase: `${run}: train`, done, total, status: `${all} % of all runs` });
  }
  if (event.type === 'started' && place === 1) {
    for (const one of event.notes ?? []) note(one);
  }
  if (event.type === 'evaluated' && event.when === 'after' && !json) {
    const { toxicity, flagged } = event;
    print(`  toxicity ${toxicity.mean.toFixed(4)}, ${(100 * flagged.mean).toFixed(1)} % flagged`);
  }
}

/** I/O: what a run's folder says to people: the reports, made of its log and its samples. */

import { join } from 'node:path';
import type { Sample } from '../../comparison.ts';
import { writeFileAtomic } from '../../disk/atomic.ts';
import type { RunEvent } from '../../events.ts';
import { eventsOf } from '../../report/events-of.ts';
import { withJudged } from '../../report/judged.ts';
import { guardNotes } from '../../report/words/guards.ts';
import { type Language, languageOf } from '../../report/words/language.ts';
import { llmJudgeWords } from '../../report/words/llm-judge.ts';
import { whyWords } from '../../report/words/why.ts';
import { ofTraining } from './notes.ts';

export interface RunSamples {
  readonly before?: readonly Sample[] | undefined;
  readonly after?: readonly Sample[] | undefined;
  /** Of each sample, where they are known. */
  readonly references?: readonly (readonly string[])[] | undefined;
}

/**
 * `report.md`, `report.html` and, where there are samples, `why.json` by their names; undefined of a run that has no comparison or no end.
 * @param samples of a folder that has none, the page is without what needs them
 */
export async function reportFiles(
  events: readonly RunEvent[],
  { before, after, references }: RunSamples,
  language: Language,
): Promise<Record<string, string> | undefined> {
  const of = eventsOf(events);
  const [started] = of('started');
  const [compared, finished] = [of('compared').at(-1), of('finished').at(-1)];
  if (!started || !compared || !finished) return undefined;
  const steps = of('step');
  const first = of('evaluated').find(({ when }) => when === 'before');
  const judged = of('judged').at(-1);
  const notes = [
    ...(first?.notes ?? []),
    ...ofTraining(steps.map(({ metrics }) => metrics)),
    ...guardNotes(events, { tested: compared.comparison.slices[0].n }, language).map((says) => ({
      says,
    })),
    ...(judged ? [{ says: llmJudgeWords[language](judged) }] : []),
  ];
  const [guarded, checked, validated] = [of('guarded'), of('checked'), of('validated')];
  const comparison = withJudged(compared.comparison, judged);
  // late: a run that is stopped needs none of it
  const { reportMarkdown } = await import('../../report/markdown.ts');
  const { reportPage } = await import('../../report/html/page.ts');
  const { pageScript } = await import('../../report/html/script.ts');
  const { whyOf } = await import('../../eval/why/why.ts');
  const { pareto } = await import('../../eval/why/pareto.ts');
  const samples = before && after ? { before, after } : undefined;
  const seed = Number(started.config.seed ?? 0);
  const why = before && after && whyOf(before, after, { seed, references });
  const parts = {
    ...{ started, comparison, steps, finished, validated, guarded, checked, notes, language, why },
    ...(validated.length > 1 && { pareto: pareto(validated.map(pointOf(language))) }),
  };
  return {
    ...(why && { 'why.json': `${JSON.stringify(why, null, 1)}\n` }),
    'report.md': reportMarkdown(parts),
    'report.html': reportPage(parts, samples, await pageScript()),
  };
}

/** A measurement in between as a point beside others, on the same withheld prompts. */
function pointOf(language: Language) {
  const { checkpoint } = whyWords[language].pareto;
  return ({ step, reward, toxicity, rouge1 }: Extract<RunEvent, { type: 'validated' }>) => ({
    name: checkpoint(step),
    ...{ reward: reward.mean, toxicity: toxicity.mean },
    ...(rouge1 && { rouge1: rouge1.mean }),
  });
}

/** The reports of a finished run once more, in its language or another. */
export async function writeReports(
  folder: string,
  events: readonly RunEvent[],
  { language, ...samples }: RunSamples & { readonly language?: Language },
): Promise<void> {
  const started = events.find((event) => event.type === 'started');
  const files = await reportFiles(events, samples, language ?? languageOf(started?.config));
  for (const [name, text] of Object.entries(files ?? {}))
    await writeFileAtomic(join(folder, name), text);
}

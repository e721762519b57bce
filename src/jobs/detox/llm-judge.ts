/** I/O: lets an LLM judge the responses of a finished run, and writes what it says into the run's folder. */
import { join } from 'node:path';
import type { Comparison, Sample } from '../../comparison.ts';
import { logName } from '../../disk/result-folder.ts';
import { InputError } from '../../errors.ts';
import { compareSamples } from '../../eval/compare.ts';
import { openAnswers } from '../../eval/llm/answers.ts';
import { Account, type Ceiling } from '../../eval/llm/budget.ts';
import { type EndpointOptions, openEndpoint } from '../../eval/llm/endpoint.ts';
import { type Judged, judgeSamples } from '../../eval/llm/judge.ts';
import { type LlmScore, promptVersion } from '../../eval/llm/questions.ts';
import { writeSamples } from '../../eval/samples-file.ts';
import type { LlmJudged, Note } from '../../events.ts';
import { plain, usualPauses } from '../../hub/request.ts';
import { openLog } from '../../store/event-log.ts';
import { lockFolder } from '../../store/lock.ts';
import { writePairs } from './files.ts';
import { type RunRecord, readRun } from './record.ts';
import { referencesOf } from './references.ts';
import { writeReports } from './report.ts';

export interface LlmJudgeOptions extends EndpointOptions {
  readonly ceiling: Ceiling;
  /** Prompts at a time. */
  readonly concurrency: number;
  /** Prompts to judge, from the first. @default all */
  readonly prompts?: number | undefined;
  /** File of the answers. @default llm-judge.jsonl of the run's folder */
  readonly cache?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** @see usualPauses */
  readonly pauses?: readonly number[];
  onProgress?(done: number, total: number): void;
}

/** What an LLM made of a run, and what has to be known of it. */
export interface RunJudged {
  readonly event: LlmJudged;
  readonly notes: readonly Note[];
}

const answersName = 'llm-judge.jsonl';

/**
 * Judges the responses of a run before and after training: the samples get `faithfulness` and
 * `coverage`, the log an event, and the report is made again.
 * @throws {ConfigError} when there is no finished run
 * @throws {UnavailableError} when the server cannot be asked; what it has answered is kept
 */
export async function judgeRun(folder: string, options: LlmJudgeOptions): Promise<RunJudged> {
  const { url, model, ceiling, prompts, signal, pauses = usualPauses } = options;
  const run = await readRun(folder);
  const endpoint = await openEndpoint(options);
  const unlock = await lockFolder(folder);
  try {
    const { before = [], after } = run;
    const { references, notes } = await referencesOf(run, signal);
    const chosen = new Set([...new Set(after.map(({ query }) => query))].slice(0, prompts));
    // a prompt's samples of both sides share what it is judged by
    const all = [...before, ...after];
    const places = [...all.keys()].filter((i) => chosen.has(all[i].query));
    const judged = await judgeSamples(
      places.map((i) => all[i]),
      {
        ...options,
        ...{ endpoint, pauses, account: new Account(ceiling) },
        answers: await openAnswers(options.cache ?? join(folder, answersName), { url, model }),
        references: places.map((i) => references[i % after.length]),
      },
    );
    expectSome(judged, url);
    const scores = new Map(places.map((place, i) => [place, judged.scores[i]]));
    const scored = all.map((sample, i) => withScore(sample, scores.get(i)));
    const [first, second] = [scored.slice(0, before.length), scored.slice(before.length)];
    if (before.length > 0) await writeSamples(join(folder, 'samples-before.jsonl'), first);
    await writeSamples(join(folder, 'samples-after.jsonl'), second);
    // of an earlier version's run they are not written with references that are not known
    if (before.length > 0 && notes.length === 0)
      await writePairs(folder, first, second, references);
    const event = eventOf(judged, { url, model, slices: slicesOf(run, first, second) });
    const log = await openLog(join(folder, logName));
    await log.append(event);
    await log.close();
    await writeReports(folder, [...run.events, event], { before: first, after: second });
    return { event, notes };
  } finally {
    await unlock();
  }
}

/** Nothing is written where nothing was judged. */
function expectSome({ scores, why, missing }: Judged, url: string): void {
  if (scores.some((score) => score !== undefined)) return;
  const remedy = missing.spent > 0 ? 'Raise `budget` or `budgetDollars`.' : 'Try another `model`.';
  throw new InputError(plain(url), 'an answer to one question at least', why.join('; '), remedy);
}

/** What another judge has said of it before goes. */
function withScore(sample: Sample, score: LlmScore | undefined): Sample {
  const { faithfulness: _, coverage: __, ...others } = sample;
  return { ...others, ...score };
}

/** What is measured by it, of the slices of the comparison. */
function slicesOf(
  { started, comparison }: RunRecord,
  before: readonly Sample[],
  after: readonly Sample[],
): LlmJudged['slices'] {
  if (!comparison || before.length === 0) return [];
  const seed = Number(started.config.seed ?? 0);
  const { slices }: Comparison = compareSamples(before, after, { seed, rows: 1 });
  return slices.map(({ name, by, faithfulness, coverage }) => ({
    name,
    ...(by !== undefined && { by }),
    ...(faithfulness && { faithfulness }),
    ...(coverage && { coverage }),
  }));
}

function eventOf(
  { scores, missing, why, asked, known, spent, dollars }: Judged,
  { url, model, slices }: Pick<EndpointOptions, 'url' | 'model'> & Pick<LlmJudged, 'slices'>,
): LlmJudged {
  const judged = scores.filter((score) => score !== undefined).length;
  return {
    type: 'judged',
    time: new Date().toISOString(),
    ...{ endpoint: plain(url), model, promptVersion },
    ...{ samples: scores.length, judged, missing },
    ...(why.length > 0 && { why }),
    ...{ asked, known, tokens: spent },
    ...(dollars !== undefined && { dollars }),
    slices,
  };
}

/** What is cut off: prompts, responses, and what the classifier reads. */

import { sentinelsIn } from '../eval/evaluate.ts';
import {
  cutText,
  ofAnswers,
  ofCutPrompts,
  ofRouge,
  ofUnknownTokens,
  type Reading,
} from '../jobs/detox/notes.ts';
import { counted, fixed, grouped, percent } from '../report/text.ts';
import type { JudgeModel } from '../rl/judge.ts';
import type { Rollout } from '../rl/rollout.ts';
import type { Exam } from './exam.ts';
import { ok, told, type Verdict, warning, wrong } from './finding.ts';
import type { Intake } from './intake.ts';

/** Share of texts that may be cut before it is worth a word. */
const mostCut = 0.01;

/** Prompts of the run against `maxQueryTokens`. */
export function checkPromptLength({ config, facts: { lengths } }: Intake): Verdict {
  const note = ofCutPrompts(lengths, config);
  return note ? told(note) : ok(`${cutText(lengths, config.maxQueryTokens)}.`);
}

/** Prompts and summaries, as far as the tokenizer knows what they are made of. */
export function checkUnknownTokens({ facts: { readings } }: Intake): Verdict {
  const note = ofUnknownTokens(readings);
  if (note) return told(note);
  const { prompts, summaries } = readings;
  const of = ({ unknown, tokens }: Reading) => `${grouped(unknown)} of ${grouped(tokens)} tokens`;
  return ok(
    `Unknown to the tokenizer are ${of(prompts)} of the prompts and ${of(summaries)} of summaries.`,
  );
}

/** What ROUGE would read. */
export function checkRouge({ facts: { references } }: Intake): Verdict | Verdict[] {
  const notes = ofRouge(references);
  if (notes.length > 0) return notes.map((note) => told(note));
  return ok(
    `ROUGE can read the summaries of all ${counted(references.length, 'prompt')} to measure.`,
  );
}

/** Responses: those without an end, empty ones, and those that leave nothing to learn from. */
export function checkResponseLength({ rollouts, samples, config }: Exam): Verdict[] {
  const n = rollouts.length;
  const { truncated, empty } = ofAnswers(shapesOf(rollouts));
  const refused = samples.filter((sample) => sample === undefined).length;
  const verdicts: Verdict[] = [];
  if (truncated) verdicts.push(told(truncated));
  if (empty) verdicts.push(told(empty, { part: 'empty' }));
  if (refused > 0) {
    const text = `${refused} of ${n} responses are so short that the mask leaves nothing of them: the run would stop there.`;
    const remedy = 'Let the first token count: leave out --compat and --without scoresFirstToken.';
    verdicts.push(wrong(text, remedy, { part: 'mask', defect: 'D9' }));
  }
  if (verdicts.length > 0) return verdicts;
  const long = rollouts.filter((rollout) => rollout.truncated).length;
  const tokens = rollouts.reduce((sum, { response }) => sum + response.length, 0) / n;
  const says =
    `${long} of ${n} responses (${percent(long / n, 0)}) hit the limit of ${config.maxNewTokens} tokens; ` +
    `their mean length is ${fixed(tokens, 1)}`;
  return [ok(`${says}.`)];
}

/** Whether the policy still does what it was pre-trained for. */
export function checkSentinels({ rollouts, tokenizer }: Exam): Verdict {
  const sentinels = ({ response }: Rollout) => sentinelsIn(tokenizer.tokens(response));
  const found = ofAnswers(
    shapesOf(rollouts).map((shape, i) => ({ ...shape, sentinels: sentinels(rollouts[i]) })),
  );
  if (found.sentinels) return told(found.sentinels);
  return ok(`${counted(rollouts.length, 'response')}, with no sentinels such as <extra_id_0>.`);
}

function shapesOf(rollouts: readonly Rollout[]) {
  return rollouts.map(({ text, truncated }) => ({ response: text, truncated }));
}

/** What the classifiers read against their positions. */
export async function checkClassifierLength(exam: Exam): Promise<Verdict[]> {
  const { judges, reads, config } = exam;
  const { rewardModel, toxicityModel } = judges;
  const paying = await lengthOf(exam, rewardModel, reads !== 'response');
  if (!toxicityModel) return [paying];
  const measuring = await lengthOf(exam, toxicityModel, config.toxicityOn === 'pair');
  return [paying, { ...measuring, part: 'toxicity' }];
}

/** What one classifier reads. */
async function lengthOf(
  { rollouts, config }: Exam,
  { classifier, tokenizer }: JudgeModel,
  withPrompt: boolean,
): Promise<Verdict> {
  const limit = Math.min(tokenizer.maxLength, classifier.maxTokens);
  const isPair = withPrompt && config.pairAs === 'two-texts';
  const texts = rollouts.map(({ query, text }) => (withPrompt ? query.text + text : text));
  const rows = isPair
    ? await tokenizer.encodePairs(rollouts.map(({ query, text }) => [query.text, text]))
    : (await tokenizer.encodeBatch(texts)).map((ids) => ({ ids }));
  const lengths = rows.map(({ ids }) => ids.length);
  const cut = lengths.filter((length) => length > limit).length;
  const what = withPrompt ? 'prompts with responses' : 'responses';
  const says =
    `${cut} of ${lengths.length} ${what} are longer than the ${limit} tokens that the classifier reads ` +
    `(the longest has ${Math.max(...lengths)})`;
  if (cut <= mostCut * lengths.length) return ok(`${says}.`);
  const remedy = withPrompt
    ? 'Use --score-on response, or a smaller --maximum-length.'
    : 'Use a smaller --max-new-tokens.';
  const end = withPrompt ? 'and the response is at the end' : 'and the end is not judged';
  const lost = isPair ? 'and the longer text of each is cut' : end;
  return warning(`${says}, ${lost}.`, remedy);
}

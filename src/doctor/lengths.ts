/** What is cut off: prompts, responses, and what the classifier reads. */
import { fixed, grouped } from '../report/text.ts';
import type { JudgeModel } from '../rl/judge.ts';
import type { Exam } from './exam.ts';
import { ok, type Verdict, warning, wrong } from './finding.ts';
import { percent } from './words.ts';

/** Prompts that are measured. */
const promptLimit = 500;
/** Share of texts that may be cut before it is worth a word. */
const mostCut = 0.01;
/** Share of responses without an end from which on torsos are what is judged. */
const mostTruncated = 0.1;

/** Prompts of the run against `maxQueryTokens`: the end is cut, and the instruction is there. */
export async function checkPromptLength({ config, tokenizer, batches }: Exam): Promise<Verdict> {
  const texts = new Set<string>();
  for (const batch of batches(0)) {
    for (const { text } of batch) texts.add(text);
    if (texts.size >= promptLimit) break;
  }
  const lengths = (await tokenizer.encodeBatch([...texts])).map((ids) => ids.length);
  const longest = Math.max(...lengths);
  const cut = lengths.filter((length) => length > config.maxQueryTokens).length;
  const says =
    `${grouped(cut)} of ${grouped(lengths.length)} prompts are cut at ${config.maxQueryTokens} tokens ` +
    `(the longest has ${grouped(longest)})`;
  if (cut <= mostCut * lengths.length) return ok(`${says}.`);
  const remedy = `Use --max-query-tokens ${longest}, or a smaller --maximum-length.`;
  return warning(`${says}: their end is lost, and "Summary:" with it.`, remedy);
}

/** Responses: those without an end, empty ones, and those that leave nothing to learn from. */
export function checkResponseLength({ rollouts, samples, config }: Exam): Verdict[] {
  const n = rollouts.length;
  const truncated = rollouts.filter((rollout) => rollout.truncated).length;
  const empty = rollouts.filter(({ text }) => text.trim() === '').length;
  const refused = samples.filter((sample) => sample === undefined).length;
  const tokens = rollouts.reduce((sum, { response }) => sum + response.length, 0) / n;
  const says =
    `${truncated} of ${n} responses (${percent(truncated / n, 0)}) hit the limit of ${config.maxNewTokens} tokens; ` +
    `their mean length is ${fixed(tokens, 1)}`;
  const verdicts: Verdict[] = [];
  if (truncated > mostTruncated * n) {
    const most = Math.max(64, 2 * config.maxNewTokens);
    const remedy = `Use --max-new-tokens ${most}, or teach shorter responses first (tactful sft).`;
    verdicts.push(warning(`${says}: torsos would be judged.`, remedy));
  }
  if (empty > mostTruncated * n) {
    const remedy = 'Start from an adapter that summarises: tactful sft makes one.';
    verdicts.push(warning(`${empty} of ${n} responses are empty.`, remedy, { part: 'empty' }));
  }
  if (refused > 0) {
    const text = `${refused} of ${n} responses are so short that the mask leaves nothing of them: the run would stop there.`;
    const remedy = 'Let the first token count: leave out --compat and --without scoresFirstToken.';
    verdicts.push(wrong(text, remedy, { part: 'mask', defect: 'D9' }));
  }
  return verdicts.length > 0 ? verdicts : [ok(`${says}.`)];
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

/** I/O: asks a server until there is a right answer, or none is to be had. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Account, aboutOf, mostOf, type Usage } from './budget.ts';
import type { Endpoint } from './endpoint.ts';
import type { Question } from './questions.ts';
import { answerIn } from './reply.ts';

/** A right answer and the text that it was in, or why there is none. */
export type Asked<Answer> =
  | { readonly answer: Answer; readonly reply: string }
  /** `spent`: the budget is. `busy`: the server has failed again and again. */
  | { readonly none: 'malformed' | 'refused' | 'busy' | 'spent'; readonly why: string };

export interface AskOptions {
  readonly endpoint: Endpoint;
  readonly account: Account;
  /** Milliseconds before each further try of a server that fails; each is drawn from half of it to all. */
  readonly pauses: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/** A reply that is no answer is asked for this often. */
const mostReplies = 3;
/** A server that asks for more patience than this is not waited for, in milliseconds. */
const longestPause = 60_000;

/** @throws what the endpoint throws, and the signal's reason when that is aborted */
export async function ask<Answer>(
  question: Question<Answer>,
  { endpoint, account, pauses, signal }: AskOptions,
): Promise<Asked<Answer>> {
  const most = mostOf(question.messages);
  let [replies, failures] = [0, 0];
  for (;;) {
    signal?.throwIfAborted();
    if (!account.reserve(most)) return { none: 'spent', why: 'the budget is spent' };
    let actual: Usage = { input: 0, output: 0 };
    try {
      const outcome = await endpoint.ask(question, signal);
      if (outcome.kind === 'busy') {
        const { why, pause } = outcome;
        if (failures === pauses.length || pause > longestPause) return { none: 'busy', why };
        await sleep(Math.max(pause, jittered(pauses[failures++])), undefined, { signal });
        continue;
      }
      const text = outcome.kind === 'reply' ? outcome.text : outcome.why;
      actual = outcome.usage ?? aboutOf(question.messages, text);
      if (outcome.kind === 'refused') return { none: 'refused', why: text };
      const answer = answerIn(text, question.answer);
      if (answer !== undefined) return { answer, reply: text };
      replies++;
      const shown = JSON.stringify(text.slice(0, 80));
      if (replies === mostReplies)
        return { none: 'malformed', why: `a reply of another form: ${shown}` };
    } finally {
      account.settle(most, actual);
    }
  }
}

function jittered(pause: number): number {
  return pause * (0.5 + Math.random() / 2);
}

/** What an address asks for of rollouts and compared samples, checked. */
import { z } from 'zod';
import type { ComparedOrder, RolloutOrder } from '../api.ts';
import type { ComparedQuery, RolloutQuery } from '../store/run-index/queries.ts';
import { Refusal } from './refusal.ts';

const rolloutOrders = [
  ...(['step', 'score', 'kl', 'advantage', 'value', 'entropy', 'length', 'logprob'] as const),
] satisfies RolloutOrder[];
const changing = ['toxicity', 'reward', 'rouge1', 'tokens'] as const;
const comparedOrders: ComparedOrder[] = [
  'id',
  ...changing,
  ...changing.map((name) => `${name}Change` as const),
];

const number = z.string().trim().min(1).transform(Number).pipe(z.number());
const count = number.pipe(z.int().nonnegative());
const flag = z.string().transform((text) => text !== '' && text !== '0' && text !== 'false');
/** Names that may hold commas: each is encoded by itself. */
const names = z.string().transform((text, context) => {
  try {
    return text.split(',').map(decodeURIComponent);
  } catch {
    context.addIssue('expected names that are percent-encoded');
    return z.NEVER;
  }
});

const window = {
  runs: names.exactOptional(),
  search: z.string().max(1000).exactOptional(),
  descending: flag.exactOptional(),
  offset: count.exactOptional(),
  limit: count.pipe(z.int().max(1000)).exactOptional(),
};

const Rollouts = z.object({
  ...window,
  step: count.exactOptional(),
  query: z.string().max(100).exactOptional(),
  sort: z.enum(rolloutOrders).exactOptional(),
  minScore: number.exactOptional(),
  maxScore: number.exactOptional(),
});
const Compared = z.object({
  ...window,
  group: z.string().max(1000).exactOptional(),
  sort: z.enum(comparedOrders).exactOptional(),
});

/** @throws {Refusal} when it asks for what there is not */
export const rolloutQuery = (asked: Asked): RolloutQuery => checked(Rollouts, asked);
/** @throws {Refusal} when it asks for what there is not */
export const comparedQuery = (asked: Asked): ComparedQuery => checked(Compared, asked);

/** Of an address; what is empty is not asked. */
type Asked = Readonly<Record<string, string>>;

function checked<Schema extends z.ZodObject>(schema: Schema, asked: Asked): z.infer<Schema> {
  const said = Object.fromEntries(Object.entries(asked).filter(([, text]) => text !== ''));
  const { success, data, error } = schema.safeParse(said);
  if (success) return data;
  const [{ path, message }] = error.issues;
  throw new Refusal(400, `${path.join('.')}: ${message}.`);
}

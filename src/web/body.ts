/** What a page sends, checked. */
import type { Context } from 'hono';
import { z } from 'zod';
import { Refusal } from './refusal.ts';

export const startBody = z.strictObject({
  job: z.string().max(100),
  settings: z.record(z.string(), z.unknown()),
});

export const playgroundBody = z.strictObject({
  run: z.string(),
  text: z
    .string()
    .min(1, 'expected a text, got none')
    .max(50_000, 'expected at most 50,000 characters, got more'),
  seed: z.int().nonnegative().exactOptional(),
});

/**
 * A request's JSON.
 * @throws {Refusal} when it is none, or not what is expected
 */
export async function bodyOf<Schema extends z.ZodType>(
  c: Context,
  schema: Schema,
): Promise<z.infer<Schema>> {
  const type = c.req.header('content-type') ?? 'none';
  // a form of another site can send other types without asking
  if (!/^application\/json\b/.test(type))
    throw new Refusal(415, `content-type: expected application/json, got ${type}.`);
  const body: unknown = await c.req.json().catch((error) => {
    if (!(error instanceof SyntaxError)) throw error; // too large
    throw new Refusal(400, 'request: expected JSON, got something else.');
  });
  const { success, data, error } = schema.safeParse(body);
  if (success) return data;
  const [{ path, message }] = error.issues;
  throw new Refusal(400, `${['request', ...path].join('.')}: ${message}.`);
}

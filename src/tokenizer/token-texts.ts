/** What single tokens read as. */
import type { Tokenizer } from './tokenizer.ts';

/**
 * A reader of rows of ids: each id's text as it stands in the midst of others, with the blank before
 * it, a special token by its name, `�` for a part of a character; '' for what the tokenizer does not
 * have. What was read once is remembered.
 */
export function tokenTexts(tokenizer: Pick<Tokenizer, 'decodeBatch'>) {
  const known = new Map<number, string>();
  const options = { skipSpecialTokens: false, cleanUpSpaces: false };
  const learn = async (ids: readonly number[]) => {
    const once = await tokenizer.decodeBatch(
      ids.map((id) => [id]),
      options,
    );
    const twice = await tokenizer.decodeBatch(
      ids.map((id) => [id, id]),
      options,
    );
    ids.forEach((id, i) => {
      const [alone, both] = [once[i], twice[i]];
      known.set(id, both.startsWith(alone) ? both.slice(alone.length) : alone);
    });
  };
  return async (rows: readonly (readonly number[])[]): Promise<string[][]> => {
    const ids = new Set(rows.flat());
    const fresh = [...ids].filter((id) => !known.has(id));
    if (fresh.length > 0) await learn(fresh);
    return rows.map((row) => row.map((id) => known.get(id) ?? ''));
  };
}

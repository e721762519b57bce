/** Loaded once, unlike the setup: vitest keeps what it is told. */
import { expect } from 'vitest';

/**
 * Typed arrays are equal when their elements are, as vitest has it, which takes a microsecond for
 * each: whole weights would take a second.
 */
function sameElements(a: unknown, b: unknown): boolean | undefined {
  if (!isNumbers(a) || !isNumbers(b) || a.constructor !== b.constructor) return undefined;
  return a.length === b.length && a.every((x, i) => Object.is(x, b[i]));
}

function isNumbers(value: unknown): value is Float32Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

expect.addEqualityTesters([sameElements]);

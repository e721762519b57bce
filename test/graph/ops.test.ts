import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { allOps, Graph, reachable } from '../../src/graph/graph.ts';
import { gather, takeRows } from '../../src/graph/ops/gather.ts';
import { buildCase, fixed, opContract, symbolic, table } from '../contract/ops.ts';
import { openEngine } from '../engine.ts';

opContract('ONNX Runtime', () => openEngine('onnxruntime', { threads: 1 }));

test('every op has a case in the table', async () => {
  const folder = new URL('../../src/graph/ops/', import.meta.url);
  for (const file of await readdir(folder)) await import(new URL(file, folder).href);
  const covered = new Set(
    table.flatMap((one) => {
      const graph = new Graph();
      const { y } = buildCase(graph, one, symbolic);
      return reachable([y]).flatMap(({ source }) => (source.kind === 'op' ? [source.op] : []));
    }),
  );
  expect(allOps.filter((op) => !covered.has(op)).map((op) => op.onnx)).toEqual([]);
});

test('nodes of two ops are two, though their ONNX operator is one', () => {
  const graph = new Graph();
  const table = graph.input('table', 'float32', [2, 3]);
  const list = graph.input('list', 'int64', [2]);
  expect(takeRows(table, list, list)).not.toBe(gather(table, list));
  expect(gather(table, list)).toBe(gather(table, list));
});

test('every gradient rule is tried by the table', () => {
  const tried = new Set(
    table.flatMap((one) => {
      const graph = new Graph();
      const { y, ...slopes } = buildCase(graph, one, fixed);
      if (Object.keys(slopes).length === 0) return [];
      return reachable([y]).flatMap(({ source }) => (source.kind === 'op' ? [source.op] : []));
    }),
  );
  expect(allOps.filter((op) => op.gradient && !tried.has(op)).map((op) => op.onnx)).toEqual([]);
});

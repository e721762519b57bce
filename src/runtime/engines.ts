import type { EngineRecord, Wanted } from './record.ts';
import { keepQuiet } from './telemetry.ts';

// the command line reads the table to tell what there is: what an engine is made of is loaded later

/** The engine that is always there, and that the others are held against. */
const onnxruntime = {
  name: 'onnxruntime',
  title: 'ONNX Runtime',
  devices: ['cpu', 'webgpu', 'cuda'],
  precisions: ['f32'],
  async encode(graph, weights, { sharesWeights, prepack }) {
    const { encodeModel, tablesOf } = await import('./encode.ts');
    const { mustBeRead } = await import('./weight-source.ts');
    if (!sharesWeights) return encodeModel(graph, weights, mustBeRead);
    if (prepack) return encodeModel(graph, weights, tablesOf(graph));
    const { hasWideCache } = await import('./cpu.ts');
    if (hasWideCache()) return encodeModel(graph, weights, () => true);
    const { wider } = await import('../graph/wider.ts');
    const { graph: whole, stored } = wider(graph);
    return encodeModel(whole, weights, () => true, stored);
  },
  open: async (options) => (await import('./onnxruntime.ts')).onnxRuntimeBackend(options),
  prepare: keepQuiet,
  // of the threads that call it, the library lets only the first flush denormal numbers
  sharesThread: true,
} satisfies EngineRecord;

/** bf16 on CPUs that have it; its library is optional. */
const openvino = {
  name: 'openvino',
  title: 'OpenVINO',
  devices: ['cpu'],
  precisions: ['bf16', 'f32'],
  encode: async (graph, weights, options) =>
    (await import('./openvino-graph.ts')).encodeForOpenVino(graph, weights, options),
  open: async (options) => (await import('./openvino.ts')).openVinoBackend(options),
  find: async (wanted) => (await import('./openvino-choice.ts')).findForOpenVino(wanted),
  choose: async (wanted) => (await import('./openvino-choice.ts')).chooseOpenVino(wanted),
  remedy: 'To test again: tactful setup openvino --check',
} satisfies EngineRecord;

const table = { onnxruntime, openvino };
/** Name of an engine. */
export type OneEngine = keyof typeof table;

/** All engines there are: a new one joins here. */
export const engines: Readonly<Record<OneEngine, EngineRecord>> = table;

/** What others are held against, and what `auto` is where nothing is better. */
export const trusted = 'onnxruntime' satisfies OneEngine;

/** Names to ask by; `auto` takes the fastest engine that is there and right. */
export const engineNames = ['auto', ...(Object.keys(engines) as OneEngine[])] as const;
/** Name to ask by. */
export type EngineName = (typeof engineNames)[number];

/** What computes, where and how wide. */
export interface EngineOptions extends Wanted {
  /** @default 'auto' */
  readonly engine?: EngineName;
}

import { kinds } from '../jobs/kinds.ts';
import type { CliCommand } from './command.ts';

/** A command before it is loaded: `tactful --help` needs no more than this. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<CliCommand>;
}

const [first, ...others] = kinds.map(
  ({ name, summary, load }): CommandEntry => ({
    name,
    summary,
    load: async () => (await import('./job-command.ts')).jobCommand(await load(), summary),
  }),
);

/** All commands, in the order of `tactful --help`. */
export const commands: readonly CommandEntry[] = [
  first,
  {
    name: 'init',
    summary: 'Write a config file for a job: every setting with what it does.',
    load: async () => (await import('./commands/init.ts')).init,
  },
  {
    name: 'resume',
    summary: 'Go on with a run or a training that was stopped or broke off, as if it had not.',
    load: async () => (await import('./commands/resume.ts')).resume,
  },
  {
    name: 'doctor',
    summary: 'Check models, reward, data and settings before a run.',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  ...others,
  {
    name: 'worker',
    summary: 'Compute for runs on other machines that meet at a Redis.',
    load: async () => (await import('./commands/worker.ts')).worker,
  },
  {
    name: 'workers',
    summary: 'Show the workers at a Redis, what they do, and the runs that want some.',
    load: async () => (await import('./commands/workers.ts')).workers,
  },
  {
    name: 'compare',
    summary: 'Hold finished runs against each other: verdicts, curves, settings, answers.',
    load: async () => (await import('./commands/compare.ts')).compare,
  },
  {
    name: 'runs',
    summary: 'List runs; show one, hold settings against each other, delete, export as tables.',
    load: async () => (await import('./commands/runs.ts')).runs,
  },
  {
    name: 'watch',
    summary: 'Follow a run while it trains: curves, the time that is left, what guards saw.',
    load: async () => (await import('./commands/watch.ts')).watch,
  },
  {
    name: 'sync',
    summary: 'Send runs to their stores: what these do not have yet, and nothing twice.',
    load: async () => (await import('./commands/sync.ts')).sync,
  },
  {
    name: 'ui',
    summary: 'Show runs in the browser: curves and texts while they train, side by side.',
    load: async () => (await import('./commands/ui.ts')).ui,
  },
  {
    name: 'report',
    summary: 'Make the reports of a finished run again, from its log and its samples.',
    load: async () => (await import('./commands/report.ts')).report,
  },
  {
    name: 'generate',
    summary: 'Let a policy answer prompts or summarise dialogues.',
    load: async () => (await import('./commands/generate.ts')).generate,
  },
  {
    name: 'score',
    summary: 'Judge texts with a reward model.',
    load: async () => (await import('./commands/score.ts')).score,
  },
  {
    name: 'llm-judge',
    summary: 'Let an LLM judge the responses of a finished run: faithfulness and coverage.',
    load: async () => (await import('./commands/llm-judge.ts')).llmJudge,
  },
  {
    name: 'samples',
    summary: 'Show what a run learnt from: the responses of a step, with what was said of them.',
    load: async () => (await import('./commands/samples.ts')).samples,
  },
  {
    name: 'merge',
    summary: 'Merge a LoRA adapter into its model, as a folder that transformers loads.',
    load: async () => (await import('./commands/merge.ts')).merge,
  },
  {
    name: 'export',
    summary: 'Write a model as ONNX, for transformers.js in Node and browsers.',
    load: async () => (await import('./commands/export.ts')).exportCommand,
  },
  {
    name: 'push',
    summary: 'Put a folder on the Hugging Face hub: an adapter, a merged or an exported model.',
    load: async () => (await import('./commands/push.ts')).push,
  },
  {
    name: 'inspect',
    summary:
      'Show what a model, an adapter or a weight file holds, and whether the jobs can load it.',
    load: async () => (await import('./commands/inspect.ts')).inspect,
  },
  {
    name: 'setup',
    summary: 'Fetch OpenVINO, faster with larger models on CPUs with bf16.',
    load: async () => (await import('./commands/setup.ts')).setup,
  },
];

import { dirname } from 'node:path';
import { z } from 'zod';
import { didYouMean } from '../../errors.ts';
import type { OpenVinoCheck } from '../../runtime/openvino-check.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { Told, UsageError } from '../errors.ts';
import { folder } from '../options.ts';
import { painter } from '../paint.ts';

const options = z.strictObject({
  check: z.boolean().default(false).describe('Fetch nothing: look for it, and test it again'),
  target: folder('Folder for the libraries (default: in ~/.local/share/tactful)').optional(),
  release: z
    .string()
    .min(1)
    .optional()
    .meta({ placeholder: 'version' })
    .describe('Another version than the one that tactful is tested with'),
  index: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ placeholder: 'url' })
    .describe('Package index (default: PIP_INDEX_URL, or https://pypi.org/simple)'),
});
type Context = CommandContext<z.infer<typeof options>>;

export const setup = defineCommand({
  name: 'setup',
  summary: 'Fetch OpenVINO, faster with larger models on CPUs with bf16.',
  description:
    'Takes its libraries (60 MB, 100 MB unpacked) from the wheel on PyPI, checks their sha256 and ' +
    'tests what they compute. No Python is needed. Without OpenVINO everything runs on ONNX ' +
    'Runtime. Where the network is closed: TACTFUL_OPENVINO=<folder of an unpacked wheel>.',
  examples: [
    ['tactful setup openvino', 'fetch it, test it'],
    ['tactful setup openvino --check', 'what there is, and whether it can be trusted'],
  ],
  arguments: [{ name: 'what', description: 'openvino', required: true }],
  options,
  async run(context) {
    const [what] = context.arguments;
    if (what !== 'openvino') {
      const remedy = didYouMean(what, ['openvino']);
      throw new UsageError(`setup: expected openvino, got "${what}". ${remedy}`.trimEnd());
    }
    const { options: given, json, print, progress, screen } = context;
    const { checkOpenVino } = await import('../../runtime/openvino-check.ts');
    const fetched = given.check ? undefined : await fetchLibrary(context);
    if (context.signal.aborted) return;
    progress.note('testing what it computes');
    const found = await checkOpenVino(fetched);
    progress.close();
    print(json ? JSON.stringify(found) : checkText(found, screen.color));
    const { findOpenVino } = await import('../../runtime/openvino-files.ts');
    const usual = await findOpenVino();
    if (!json && fetched && !('library' in usual && usual.library === fetched)) {
      print(`\nTo use it: export TACTFUL_OPENVINO=${dirname(fetched)}`);
    }
    if (!found.passed) throw new Told();
  },
});

/** Path of the library, when it is there. */
async function fetchLibrary({ options: given, signal, progress }: Context): Promise<string> {
  const { setupOpenVino } = await import('../../install/openvino.ts');
  const { target, release, index } = given;
  const settings = {
    target,
    ...(release && { version: release }),
    ...(index && { index }),
    signal,
  };
  let library = '';
  for await (const event of setupOpenVino(settings)) {
    if (event.type === 'done') {
      library = event.library;
      if (event.known) progress.note('it is there already');
    } else {
      const { doing: phase, done, total } = event;
      const status = `${megabytes(done)}${total ? ` of ${megabytes(total)}` : ''} MB`;
      progress.update({ phase, done, total, status });
    }
  }
  return library;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function checkText({ library, cpu, bf16, engine, passed, text }: OpenVinoCheck, color: boolean) {
  const paint = painter(color);
  const takes =
    passed && bf16 ? 'openvino, where it is faster on a block of the model' : 'onnxruntime';
  const why = !library ? 'no openvino' : passed ? (bf16 ? '' : 'no bf16') : 'a failed self-test';
  const rows = [
    ['library', library ?? `none: ${text}`],
    ['engine', engine],
    ['CPU', `${cpu}, ${bf16 ? 'with' : 'without'} bf16`],
    ['self-test', library && `${passed ? 'passed' : 'failed'}: ${text}`],
    ['--engine auto', why ? `${takes}: ${why}` : takes],
  ];
  const lines = rows.filter(([, value]) => value !== undefined);
  return lines.map(([label, value]) => `${paint('dim', label!.padEnd(14))}  ${value}`).join('\n');
}

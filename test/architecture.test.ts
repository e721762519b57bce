/** The rows of the design: what may import what, and what a file may be. */
import { readdir, readFile } from 'node:fs/promises';
import { join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const words = ['comparison', 'explanation', 'events', 'rollouts'];
const bottom = ['errors', 'tensor', 'random', 'protobuf', ...words, 'metrics', 'disk'];
const files = [...bottom, 'tensors', 'adapter', 'tokenizer'];
const upToFamily = [...files, 'graph', 'nn', 'family'];
const upToModel = [...upToFamily, 'hub', 'data', 'runtime', 'model'];
const upToJobs = [...upToModel, 'machines', 'rl', 'eval', 'export', 'store', 'report', 'jobs'];

/** What the files of a folder, or one file of src/, may import besides their own folder. */
const allowed: Record<string, readonly string[] | 'anything'> = {
  errors: [],
  tensor: ['errors'],
  random: ['errors'],
  protobuf: [],
  comparison: [],
  explanation: ['comparison'],
  events: ['comparison'],
  rollouts: [],
  difference: [],
  differing: [],
  api: ['comparison', 'events', 'rollouts'],
  // the dashboard, in a browser
  ui: ['api', 'comparison', 'events', 'rollouts', 'difference', 'differing'],
  metrics: ['events'],
  // what runs in a browser, inside report.html
  page: ['difference'],
  disk: ['errors'],
  tensors: bottom,
  adapter: [...bottom, 'tensors'],
  tokenizer: [...bottom, 'adapter'],
  graph: bottom,
  hub: [...bottom, 'adapter'],
  data: bottom,
  nn: [...bottom, 'graph'],
  family: [...files, 'graph', 'nn'],
  runtime: [...bottom, 'tensors', 'graph'],
  model: [...upToFamily, 'runtime'],
  export: upToModel,
  // the same engine, elsewhere: what it is asked goes over Redis
  machines: upToModel,
  rl: upToModel,
  eval: upToModel,
  store: ['errors', 'protobuf', 'disk', 'hub', 'api', ...words],
  report: ['errors', ...words, 'difference', 'differing', 'page'],
  // whole jobs: models, data and measures in one stream of events
  jobs: upToJobs.filter((part) => part !== 'jobs'),
  doctor: upToJobs,
  // the dashboard's server
  web: ['errors', 'disk', 'api', ...words, 'store'],
  install: ['errors', 'disk', 'hub', 'runtime'],
  cli: 'anything',
  // what a setting has to be, in words; and the settings of all that the library does
  settings: [...bottom, 'model', 'rl', 'jobs'],
  index: 'anything',
};

/** Rows that also run in a browser: no Node API at all outside files marked as I/O. */
const portable = [...upToModel, 'export', 'rl', 'eval'];
/** Node's modules that compute and nothing else. */
const pure = [
  ...['path', 'url', 'util', 'assert', 'buffer', 'events', 'string_decoder', 'crypto', 'zlib'],
];

/** Packages with native code, or that reach out of the process. */
const outside = [
  ...['onnxruntime-node', 'tokenizers', 'koffi', 'undici', 'yauzl', 'jiti', 'openai'],
  ...['@huggingface/hub', '@aws-sdk/', '@libsql/client', 'bullmq', 'ioredis'],
];

interface Source {
  /** Path below src/, with slashes. */
  readonly path: string;
  /** The folder, or the file's own name without its ending. */
  readonly part: string;
  readonly text: string;
  readonly imports: readonly string[];
  /** Those of the imports that are of types alone. */
  readonly typeImports: readonly string[];
}

const root = fileURLToPath(new URL('../src', import.meta.url));
const names = await readdir(root, { recursive: true });
const sources = await Promise.all(
  names.filter((name) => /\.tsx?$/.test(name)).map((name) => readSource(name.split(sep).join('/'))),
);

async function readSource(path: string): Promise<Source> {
  const text = await readFile(join(root, path), 'utf8');
  return { path, part: partOf(path), text, ...importsOf(text) };
}

function importsOf(text: string): Pick<Source, 'imports' | 'typeImports'> {
  const found = code(text).matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g);
  const ofTypes = code(text).matchAll(/\b(?:import|export)\s+type\b[^';]*\bfrom\s*'([^']+)'/g);
  const [imports, typeImports] = [found, ofTypes].map((all) => [...all].map(([, name]) => name));
  const again = (name: string) => imports.indexOf(name) !== imports.lastIndexOf(name);
  return { imports, typeImports: typeImports.filter((name) => !again(name)) };
}

function partOf(path: string): string {
  return path.split('/')[0].replace(/\.tsx?$/, '');
}

/** The text without its comments. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
}

/** Whether the comment at the top marks the file as one that touches disk, network or threads. */
function isMarked({ text }: Source): boolean {
  const [header] = /^\s*\/\*\*[\s\S]*?\*\//.exec(text) ?? [''];
  return /\bI\/O\b/.test(header);
}

test('every folder and file of src/ has its row', () => {
  const parts = new Set(sources.map(({ part }) => part));
  expect([...parts].filter((part) => !(part in allowed))).toEqual([]);
});

test("README's table of what is where has each folder and file, in the order of their rows", async () => {
  const text = await readFile(join(root, '../README.md'), 'utf8');
  const lines = text
    .slice(text.indexOf('## Where things are'))
    .matchAll(/^\| (\d+) \| ([^|]*) \|/gm);
  const rows = [...lines].flatMap(([, row, names]) =>
    [...names.matchAll(/`([\w-]+)(?:\/|\.ts)`/g)].map(([, name]) => [name, Number(row)] as const),
  );
  const rowOf = new Map(rows);
  expect([...rowOf.keys()].toSorted()).toEqual(Object.keys(allowed).toSorted());
  const up = [...arrowsOfParts()].flatMap(([part, targets]) => {
    const above = targets.filter((target) => rowOf.get(target)! >= rowOf.get(part)!);
    return above.map((target) => `${part} imports ${target}`);
  });
  expect(up).toEqual([]);
});

test.each(Object.entries(allowed))('%s imports only what its row may', (part, targets) => {
  if (targets === 'anything') return;
  const wrong = sources
    .filter((source) => source.part === part)
    .flatMap(({ path, imports }) => {
      const inside = imports.filter((target) => target.startsWith('.'));
      const foreign = inside.filter((target) => {
        const reached = partOf(posix.join(posix.dirname(path), target));
        return ![part, ...targets].includes(reached);
      });
      return foreign.map((target) => `${path} imports ${target}`);
    });
  expect(wrong).toEqual([]);
});

test('relative imports end in .ts, so that they name a file', () => {
  const inside = sources.flatMap(({ imports }) => imports.filter((name) => name.startsWith('.')));
  expect(inside.filter((name) => !/\.tsx?$/.test(name))).toEqual([]);
});

test('nothing but the command line and the index may import anything', () => {
  const free = Object.entries(allowed).filter(([, targets]) => targets === 'anything');
  expect(free.map(([part]) => part)).toEqual(['cli', 'index']);
});

/** What a source imports of src/, types included, as paths below it. */
function reached({ path, imports }: Source): string[] {
  const inside = imports.filter((target) => target.startsWith('.'));
  return inside.map((target) => posix.join(posix.dirname(path), target));
}

/** The arrows between parts: from each to all others that one of its files imports, types included. */
function arrowsOfParts(): Map<string, readonly string[]> {
  const parts = Object.keys(allowed).map((part) => {
    const own = sources
      .filter((source) => source.part === part)
      .flatMap(reached)
      .map(partOf);
    return [part, [...new Set(own)].filter((target) => target !== part)] as const;
  });
  return new Map(parts);
}

/** One way round, from a place back to itself; undefined when there is none. */
function circleIn(arrows: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const from = (place: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(place)) return [...way.slice(way.indexOf(place)), place];
    if (done.has(place)) return undefined;
    for (const target of arrows.get(place) ?? []) {
      const circle = from(target, [...way, place]);
      if (circle) return circle;
    }
    done.add(place);
    return undefined;
  };
  for (const place of arrows.keys()) {
    const circle = from(place, []);
    if (circle) return circle;
  }
  return undefined;
}

test('no file imports itself by way of others, types included', () => {
  expect(
    circleIn(new Map(sources.map((source) => [source.path, reached(source)]))),
  ).toBeUndefined();
});

test('no folder imports itself by way of others, types included', () => {
  expect(circleIn(arrowsOfParts())).toBeUndefined();
});

test('only files marked as I/O touch disk, network, threads, native code or the process', () => {
  const wrong = sources
    .filter((source) => source.part !== 'cli' && !isMarked(source))
    .flatMap(({ path, part, imports }) => {
      const touching = imports.filter((name) => {
        if (!name.startsWith('node:')) return outside.some((library) => name.startsWith(library));
        return portable.includes(part) || !pure.includes(name.slice('node:'.length));
      });
      return touching.map((name) => `${path} imports ${name}`);
    });
  expect(wrong).toEqual([]);
});

test('an engine or a native library has one file that imports it', () => {
  const files = (library: string) =>
    sources.filter(({ imports }) => imports.includes(library)).map(({ path }) => path);
  expect(files('onnxruntime-node')).toEqual(['runtime/onnxruntime.ts']);
  expect(files('tokenizers').length).toBeLessThanOrEqual(1);
  expect(files('koffi').length).toBeLessThanOrEqual(1);
  expect(files('bullmq')).toEqual(['machines/queue.ts']);
  expect(files('ioredis')).toEqual(['machines/redis.ts']);
});

test('no file is longer than 350 lines, and the mean is below 120', () => {
  const lengths = sources.map(({ text }) => text.trimEnd().split('\n').length);
  expect(sources.filter((_, i) => lengths[i] > 350).map(({ path }) => path)).toEqual([]);
  expect(lengths.reduce((sum, length) => sum + length, 0) / lengths.length).toBeLessThan(120);
});

test('only the command line prints', () => {
  // texts are no calls: a model card holds code for others to run
  const texts = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g;
  const printing = sources.filter(({ part, text }) => {
    const calls = code(text).replace(texts, "''");
    return part !== 'cli' && /\bconsole\s*\.|process\.std(out|err)/.test(calls);
  });
  expect(printing.map(({ path }) => path)).toEqual([]);
});

test('an index only re-exports', () => {
  const reExports = /^(\s*export\s+(type\s+)?(\*(\s+as\s+\w+)?|\{[^}]*\})\s+from\s+'[^']+';)*\s*$/;
  const wrong = sources.filter(
    ({ path, text }) => /(^|\/)index\.ts$/.test(path) && !reExports.test(code(text)),
  );
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test('no folder or file is named for being useful', () => {
  const vague = /(^|\/)(utils?|helpers?|managers?|common|misc)(\.tsx?$|\/)/;
  expect(sources.map(({ path }) => path).filter((path) => vague.test(path))).toEqual([]);
});

test('the checks above find circles', () => {
  const arrows = (b: string[]) =>
    new Map([
      ['a', ['b']],
      ['b', b],
      ['c', []],
    ]);
  expect(circleIn(arrows(['c']))).toBeUndefined();
  expect(circleIn(arrows(['c', 'a']))).toEqual(['a', 'b', 'a']);
});

test('the checks above see through comments, and find every kind of import', () => {
  const text = [
    "// from 'a'",
    "/* import 'b' */ import c from 'c';",
    "export * from 'd';",
    "await import('e');",
    "import type { F } from 'f';",
  ].join('\n');
  expect(importsOf(text)).toEqual({ imports: ['c', 'd', 'e', 'f'], typeImports: ['f'] });
});

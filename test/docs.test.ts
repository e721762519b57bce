/** What docs/*.md say of the code is there: files, names, links, settings. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { headings } from '../src/cli/headings.ts';
import { RlConfig } from '../src/rl/config.ts';
import { rlFields } from '../src/rl/fields.ts';
import { corrections } from '../src/rl/trl/corrections.ts';
import { tactful } from './cli/io.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = readdirSync(join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const index = read('src/index.ts');
const ppo = read('docs/ppo.md');
/** All settings but those of the sampler, which have one row together. */
const { generation: _, ...fields } = rlFields;

/** What the first group of a pattern matches, each once. */
function found(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, match]) => match))];
}

describe.each(pages)('%s', (page) => {
  const text = read(page);

  test('names files that exist', () => {
    const named = found(text, /(?<![\w/.-])((?:src|test|tools|bench|demo)\/[\w./-]*\w)/g);
    const inSrc = found(text, /`([a-z]+\/[\w-]+\.ts)`/g).filter(
      (path) => !/^(src|test)\//.test(path),
    );
    const paths = [...named, ...inSrc.map((path) => `src/${path}`)];
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('names things that their file declares', () => {
    const named = found(text, /`(src\/[\w./-]+\.ts#[\w.]+)`/g);
    expect(named.filter((name) => !isDeclared(name))).toEqual([]);
  });

  test('imports what tactful exports', () => {
    const lists = found(text, /import (?:type )?\{([^}]*)\} from 'tactful'/g).join();
    const names = found(lists, /\b(?!type\b)(\w+)\b/g);
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(index))).toEqual([]);
  });

  test('links to files and headings that exist', () => {
    const links = found(text, /\]\(((?!https?:)[^)\s]+)\)/g);
    const broken = links.filter((link) => {
      const [path, anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchors(read(target)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

/** `path#name`, or `path#Class.method`: at the beginning of a declaration. */
function isDeclared(reference: string): boolean {
  const [path, name] = reference.split('#');
  if (!existsSync(join(root, path))) return false;
  const text = read(path);
  const [thing, member] = name.split('.');
  const kinds = '(?:function\\*?|const|class|interface|type)';
  const isThing = new RegExp(`^(?:export )?(?:async )?${kinds} ${thing}\\b`, 'm').test(text);
  return isThing && (!member || new RegExp(`^ +(?:async )?\\*?${member}[(<]`, 'm').test(text));
}

/** Anchors of a page's headings, as GitHub makes them. */
function anchors(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, '');
  return found(prose, /^#+ (.*)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Cells of the tables below a heading, up to the next heading of any level. */
function rowsBelow(heading: string): string[][] {
  const start = ppo.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`docs/ppo.md: no heading "${heading}"`);
  const section = ppo.slice(start + heading.length + 2).split(/^#+ /m)[0];
  const lines = section.split('\n').filter((line) => /^\| `/.test(line));
  return lines.map((line) => line.split('|').slice(1, -1));
}

const plain = (cell: string) => cell.trim().replaceAll('`', '');

describe('docs/ppo.md', () => {
  test('says where in the code its details are', () => {
    expect(found(ppo, /`(src\/[\w./-]+\.ts#[\w.]+)`/g).length).toBeGreaterThan(50);
  });

  test('has a row for each correction, in its own words', () => {
    const rows = rowsBelow('### Corrections').map(([name, what]) => [plain(name), plain(what)]);
    expect(rows).toEqual(Object.entries(corrections));
  });

  test('has a row for each setting', () => {
    const rows = rowsBelow('## Settings').map(([name]) => plain(name));
    expect(rows.toSorted()).toEqual(Object.keys(rlFields).toSorted());
  });

  test('says which settings contradict each other', () => {
    const tables = ['src/rl/rules.ts', 'src/rl/trl/rules.ts'].map(
      (path) =>
        read(path)
          .split(/const \w*[rR]ules/)[1]
          .split('\n];')[0],
    );
    const named = found(tables.join(), /'(\w+)'/g).filter((name) => name in rlFields);
    const start = ppo.indexOf('\n### Contradictions\n');
    const section = ppo.slice(start, ppo.indexOf('\n## ', start));
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !section.includes(`\`${name}`))).toEqual([]);
  });

  test('groups settings as `detox --help` does', () => {
    const sections = ppo.slice(ppo.indexOf('\n## Settings\n')).split(/^##+ /m)[1].split(/^\*\*/m);
    const groups = sections
      .slice(1)
      .map((section) => [
        section.split('**')[0],
        found(section, /^\| `(\w+)`/gm).filter((name) => name in fields),
      ]);
    const inHelp = Object.entries(headings).map(([heading, names]) => [
      heading,
      names.filter((name) => name in fields),
    ]);
    expect(groups).toEqual(inHelp.filter(([, names]) => names.length > 0));
  });

  test('says the plain defaults', () => {
    const said = rowsBelow('## Settings').map(([name, cell]) => [plain(name), plain(cell)]);
    const plainOnes = said.filter(([name]) => plainDefault(name) !== undefined);
    expect(plainOnes.length).toBeGreaterThan(30);
    for (const [name, cell] of plainOnes) {
      const value = plainDefault(name);
      const values = cell
        .split(', ')
        .map(asValue)
        .filter((one) => one !== undefined);
      expect({ name, values }).toEqual({ name, values: Array.isArray(value) ? value : [value] });
    }
  });

  test('says the defaults that depend on other settings', () => {
    const columns = [{}, { compat: 'trl-0.8.0' }, { algorithm: 'rloo' }, { algorithm: 'grpo' }].map(
      (given): Record<string, unknown> => ({ ...RlConfig.parse(given) }),
    );
    const open = Object.keys(fields).filter((name) => plainDefault(name) === undefined);
    const filled = open.filter((name) => columns.some((column) => column[name] !== undefined));
    const rows = rowsBelow('### Defaults').map((row) => row.map(plain));
    expect(rows.map(([name]) => name).toSorted()).toEqual(filled.toSorted());
    for (const [name, ...cells] of rows) {
      const values = cells.slice(0, columns.length).map(asValue);
      expect({ name, values }).toEqual({ name, values: columns.map((column) => column[name]) });
    }
  });

  test('names flags that detox has', async () => {
    const { out } = await tactful(['detox', '--help']);
    const known = ['--no', '--help', ...found(out.replaceAll('[no-]', ''), /(--[a-z][\w-]*)/g)];
    const named = found(ppo, /(--[a-z][a-z-]*[a-z])/g).map((flag) => flag.replace(/^--no-/, '--'));
    expect(named.filter((flag) => !known.includes(flag))).toEqual([]);
  });
});

/** The default of a setting, if it has one whatever the others are. */
function plainDefault(name: string): unknown {
  return fields[name as keyof typeof fields]?.safeParse(undefined).data;
}

/** What a cell says: a number, on or off, a word, or nothing. */
function asValue(cell: string): unknown {
  if (cell === '–') return undefined;
  if (cell === 'on' || cell === 'off') return cell === 'on';
  return Number.isNaN(Number(cell)) ? cell : Number(cell);
}

describe('README.ko.md', () => {
  const [english, korean] = ['README.md', 'README.ko.md'].map(read);
  const blocks = (text: string) => text.match(/^```[\s\S]*?^```/gm);
  const commands = (text: string) => found(text, /^\| `tactful ([\w-]+)` \|/gm);

  test('has the commands and the code of README.md, and each leads to the other', () => {
    expect(blocks(korean)).toEqual(blocks(english));
    expect(commands(korean)).toEqual(commands(english));
    expect(korean).toContain('](README.md)');
    expect(english).toContain('](README.ko.md)');
  });

  test('has the numbers of README.md', () => {
    const rows = (text: string) =>
      text
        .match(/^\| \d \| [\d.]+ %.*$/gm)
        ?.join()
        .replaceAll(' points', ' %p');
    expect(rows(korean)).toBeDefined();
    expect(rows(korean)).toBe(rows(english));
  });

  test('names flags that README.md or detox has, and files that exist', async () => {
    const { out } = await tactful(['detox', '--help']);
    const known = out.replaceAll('[no-]', '') + english;
    expect(found(korean, /(--[a-z][a-z-]*[a-z])/g).filter((flag) => !known.includes(flag))).toEqual(
      [],
    );
    const links = found(korean, /\]\(((?!https?:)[^)\s#]+)[^)]*\)/g);
    expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([]);
  });
});

/** The texts in a program's source, and which parts of it can come to each: read by TypeScript itself. */
import { dirname, join, relative, sep } from 'node:path';
import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';
import { API } from 'typescript/unstable/sync';

/** One text as it would be shown; what is put in when it runs is `…`. */
export interface Text {
  readonly text: string;
  /** `src/data/files.ts:74` */
  readonly where: string;
  /** It says what to do about an error, a note or a finding. */
  readonly isRemedy: boolean;
}

/** What stands by itself in a file: a function, a constant, a class. */
interface Part {
  readonly texts: readonly Text[];
  /** Parts that it names, as `file#name`; `file#*` is all of a file. */
  readonly names: ReadonlySet<string>;
}

export interface Program {
  /** The texts of a part and of all parts that it can come to, but by those of `without`. */
  from(file: string, name: string, without?: readonly string[]): Text[];
}

/** Reads all files of a TypeScript project, by the path of its tsconfig.json. */
export function readProgram(tsconfig: string): Program {
  const root = dirname(tsconfig);
  const api = new API({ cwd: root });
  try {
    const [project] = api.updateSnapshot({ openProjects: [tsconfig] }).getProjects();
    const parts = new Map<string, Part>();
    for (const path of project.rootFiles) {
      const source = project.program.getSourceFile(path);
      const file = relative(root, path).split(sep).join('/');
      if (source)
        for (const [name, part] of partsOf(source, file)) parts.set(`${file}#${name}`, part);
    }
    return {
      from: (file, name, without = []) => textsFrom(parts, `${file}#${name}`, without),
    };
  } finally {
    api.close();
  }
}

function textsFrom(
  parts: ReadonlyMap<string, Part>,
  start: string,
  without: readonly string[],
): Text[] {
  const seen = new Set<string>(without);
  const waiting = [start];
  const texts: Text[] = [];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const [file, name] = next.split('#');
    if (name === '*')
      waiting.push(...[...parts.keys()].filter((key) => key.startsWith(`${file}#`)));
    else waiting.push(`${file}#`); // what runs when a file is loaded
    const part = parts.get(next);
    if (part) {
      texts.push(...part.texts);
      waiting.push(...part.names);
    }
  }
  return texts;
}

/** The parts of a file by name; what has none runs as the file is loaded. */
function partsOf(source: SourceFile, file: string): Map<string, Part> {
  const statements = [...source.statements];
  const imported = new Map(statements.flatMap((one) => importsOf(one, file)));
  const own = new Set(statements.flatMap(declared));
  const refer = (name: string) =>
    imported.get(name) ?? (own.has(name) ? `${file}#${name}` : undefined);
  const parts = new Map<string, Part>();
  for (const statement of statements) {
    if (is.isImportDeclaration(statement)) continue;
    const [texts, names] = [[] as Text[], new Set<string>()];
    collect(statement, { source, file, refer, texts, names });
    const called = declared(statement);
    for (const name of called.length > 0 ? called : ['']) {
      const before = parts.get(name);
      parts.set(name, {
        texts: [...(before?.texts ?? []), ...texts],
        names: new Set([...(before?.names ?? []), ...names]),
      });
    }
  }
  // what is exported again
  for (const statement of statements.filter(is.isExportDeclaration)) {
    const from = targetOf(statement.moduleSpecifier, file);
    const clause = statement.exportClause;
    if (!from || !clause || !is.isNamedExports(clause)) continue;
    for (const { name, propertyName } of clause.elements) {
      const names = new Set([`${from}#${(propertyName ?? name).text}`]);
      parts.set(name.text, { texts: [], names });
    }
  }
  return parts;
}

interface Collected {
  readonly source: SourceFile;
  readonly file: string;
  refer(name: string): string | undefined;
  readonly texts: Text[];
  readonly names: Set<string>;
}

function collect(node: Node, into: Collected): void {
  const { source, file, refer, texts, names } = into;
  const text = textOf(node);
  if (text !== undefined) {
    const line = source.text.slice(0, node.getStart(source)).split('\n').length;
    texts.push({ text, where: `${file}:${line}`, isRemedy: isRemedy(node) });
  }
  if (is.isIdentifier(node) && !isKey(node)) {
    const target = refer(node.text);
    if (target !== undefined) names.add(target);
  }
  if (is.isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword) {
    const target = targetOf(node.arguments[0], file);
    if (target) for (const name of takenOf(node)) names.add(`${target}#${name}`);
  }
  const within = (child: Node): void => {
    // of texts that are joined the whole is told, and what is put into them
    if (text === undefined || textOf(child) === undefined) collect(child, into);
    else child.forEachChild((deeper) => void within(deeper));
  };
  node.forEachChild((child) => void within(child));
}

/** A name that stands for a field, not for what it is called in the file. */
function isKey(node: Node): boolean {
  const { parent } = node;
  if (is.isPropertyAccessExpression(parent) || is.isPropertyAssignment(parent)) {
    return parent.name === node;
  }
  return is.isBindingElement(parent) && parent.propertyName === node;
}

/** What is taken of a module that is loaded when it is needed; `*` when that is not seen. */
function takenOf(call: Node): string[] {
  let node = call.parent;
  while (is.isAwaitExpression(node) || is.isParenthesizedExpression(node)) node = node.parent;
  if (is.isPropertyAccessExpression(node)) return [node.name.text];
  if (!is.isVariableDeclaration(node) || !is.isObjectBindingPattern(node.name)) return ['*'];
  return [...node.name.elements].map(({ name, propertyName }) => {
    const taken = propertyName ?? name;
    return taken && is.isIdentifier(taken) ? taken.text : '*';
  });
}

function importsOf(statement: Node, file: string): [string, string][] {
  if (!is.isImportDeclaration(statement)) return [];
  const target = targetOf(statement.moduleSpecifier, file);
  const clause = statement.importClause;
  if (!target || !clause || clause.phaseModifier === SyntaxKind.TypeKeyword) return [];
  const bindings = clause.namedBindings;
  if (!bindings || !is.isNamedImports(bindings)) return [];
  return [...bindings.elements].map(({ name, propertyName }) => [
    name.text,
    `${target}#${(propertyName ?? name).text}`,
  ]);
}

function targetOf(specifier: Node | undefined, file: string): string | undefined {
  if (!specifier || !is.isStringLiteral(specifier) || !specifier.text.startsWith('.'))
    return undefined;
  return join(dirname(file), specifier.text).split(sep).join('/');
}

/** The names that a statement declares. */
function declared(statement: Node): string[] {
  if (is.isFunctionDeclaration(statement) || is.isClassDeclaration(statement)) {
    return statement.name ? [statement.name.text] : [];
  }
  if (!is.isVariableStatement(statement)) return [];
  const names: string[] = [];
  const look = (node: Node): void => {
    if (is.isIdentifier(node)) names.push(node.text);
    else node.forEachChild((child) => void look(child));
  };
  for (const { name } of statement.declarationList.declarations) look(name);
  return names;
}

/** A text, or several that are joined. */
function textOf(node: Node): string | undefined {
  if (is.isStringLiteral(node) || is.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (is.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
  }
  if (!is.isBinaryExpression(node) || node.operatorToken.kind !== SyntaxKind.PlusToken)
    return undefined;
  const [left, right] = [textOf(node.left), textOf(node.right)];
  return left === undefined && right === undefined ? undefined : `${left ?? '…'}${right ?? '…'}`;
}

/** The fourth that an error is told, the second of a finding, or what is called so. */
function isRemedy(node: Node): boolean {
  for (let at = node; at.parent; at = at.parent) {
    const { parent } = at;
    if (is.isNewExpression(parent)) {
      const isError = is.isIdentifier(parent.expression) && /Error$/.test(parent.expression.text);
      return isError && parent.arguments?.indexOf(at as never) === 3;
    }
    if (is.isCallExpression(parent)) {
      const isFinding =
        is.isIdentifier(parent.expression) && /^(wrong|warning)$/.test(parent.expression.text);
      return isFinding && parent.arguments.indexOf(at as never) === 1;
    }
    const isNamed = is.isVariableDeclaration(parent) || is.isPropertyAssignment(parent);
    if (isNamed) return is.isIdentifier(parent.name) && /remedy/i.test(parent.name.text);
    if (is.isBlock(parent)) return false;
  }
  return false;
}

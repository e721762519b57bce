/** The sentences of notes in a program's source, with what they are put together from: read by TypeScript itself. */
import { relative, sep } from 'node:path';
import { type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast';
import * as is from 'typescript/unstable/ast/is';
import { API } from 'typescript/unstable/sync';

/** In the place of what is put in when it runs. */
const hole = '7';
/** Of a sentence that can come to more than these, some are left out. */
const most = 40;

export interface NoteText {
  readonly text: string;
  /** `src/data/kinds.ts:54` */
  readonly where: string;
}

/** What `says` and `remedy` of notes come to in these files of a TypeScript project. */
export function noteTexts(tsconfig: string, root: string, isMeant: (file: string) => boolean) {
  const api = new API({ cwd: root });
  try {
    const [project] = api.updateSnapshot({ openProjects: [tsconfig] }).getProjects();
    return project.rootFiles.flatMap((path): NoteText[] => {
      const file = relative(root, path).split(sep).join('/');
      const source = isMeant(file) ? project.program.getSourceFile(path) : undefined;
      return source ? textsIn(source, file) : [];
    });
  } finally {
    api.close();
  }
}

function textsIn(source: SourceFile, file: string): NoteText[] {
  const texts: NoteText[] = [];
  const tell = (node: Node, around = (text: string) => text) => {
    const line = source.text.slice(0, node.getStart(source)).split('\n').length;
    for (const text of comesTo(node))
      if (/[a-z]{3}/i.test(text)) texts.push({ text: around(text), where: `${file}:${line}` });
  };
  const look = (node: Node): void => {
    if (is.isObjectLiteralExpression(node)) {
      const named = (name: string) =>
        [...node.properties].flatMap((one): Node[] => {
          if (is.isPropertyAssignment(one) && one.name.getText(source) === name)
            return [one.initializer];
          return is.isShorthandPropertyAssignment(one) && one.name.getText(source) === name
            ? [one.name]
            : [];
        });
      const says = named('says');
      for (const one of says.length > 0 ? [...says, ...named('remedy')] : []) tell(one);
    }
    // what data is read by is told with the place of the rows
    if (is.isCallExpression(node) && node.expression.getText(source) === 'shapes.add')
      tell(node.arguments[0], (text) => `rows.csv: 3 rows: ${text}.`);
    if (is.isCallExpression(node) && node.expression.getText(source) === 'lines') {
      const [, kind, leftOut] = node.arguments;
      tell(kind, (text) => `rows.csv: 3 rows: the dialogue is ${text}.`);
      const left = (one: Node): void => {
        if (is.isStringLiteral(one)) tell(one, (text) => `rows.csv: 3 rows: ${text}.`);
        else one.forEachChild((child) => void left(child));
      };
      if (leftOut) left(leftOut);
    }
    if (is.isVariableDeclaration(node) && node.name.getText(source) === 'told' && node.initializer)
      if (is.isArrayLiteralExpression(node.initializer))
        for (const one of node.initializer.elements) tell(one, (text) => `rows.csv: ${text}`);
    node.forEachChild((child) => void look(child));
  };
  look(source);
  return texts;
}

/** All texts that an expression can come to, as far as its file shows it. */
function comesTo(node: Node, depth = 0): string[] {
  if (depth > 6) return [hole];
  const within = (child: Node) => comesTo(child, depth + 1);
  if (is.isStringLiteral(node) || is.isNoSubstitutionTemplateLiteral(node)) return [node.text];
  if (is.isParenthesizedExpression(node)) return within(node.expression);
  if (is.isTemplateExpression(node))
    return node.templateSpans.reduce(
      (texts, { expression, literal }) =>
        joined(
          texts,
          within(expression).map((text) => text + literal.text),
        ),
      [node.head.text],
    );
  if (is.isConditionalExpression(node))
    return [...within(node.whenTrue), ...within(node.whenFalse)];
  if (is.isBinaryExpression(node)) {
    if (node.operatorToken.kind === SyntaxKind.PlusToken)
      return joined(within(node.left), within(node.right));
    if (node.operatorToken.kind === SyntaxKind.AmpersandAmpersandToken) return within(node.right);
    return [hole];
  }
  if (is.isIdentifier(node)) {
    if (node.text === 'undefined') return []; // then there is no note
    const value = constantOf(node, node.text);
    return value && !is.isArrowFunction(value) ? within(value) : [hole];
  }
  if (is.isCallExpression(node)) {
    const results = returnedBy(node.expression);
    return results.length > 0 ? results.flatMap(within) : [hole];
  }
  return [hole];
}

function joined(starts: readonly string[], ends: readonly string[]): string[] {
  return starts.flatMap((start) => ends.map((end) => start + end)).slice(0, most);
}

/** What a constant is, looked for in the blocks around, and at last in the file. */
function constantOf(node: Node, name: string): Node | undefined {
  for (let at: Node | undefined = node.parent; at; at = at.parent) {
    if (is.isArrowFunction(at) || is.isFunctionDeclaration(at) || is.isMethodDeclaration(at))
      if ([...at.parameters].some((one) => one.name && isNamed(one.name, name))) return undefined;
    if (!is.isBlock(at) && !is.isSourceFile(at)) continue;
    for (const statement of at.statements) {
      if (!is.isVariableStatement(statement)) continue;
      for (const one of statement.declarationList.declarations) {
        if (is.isIdentifier(one.name) && one.name.text === name) return one.initializer;
        if (isNamed(one.name, name)) return undefined;
      }
    }
  }
  return undefined;
}

/** Whether a pattern binds a name. */
function isNamed(pattern: Node, name: string): boolean {
  if (is.isIdentifier(pattern)) return pattern.text === name;
  let found = false;
  pattern.forEachChild((child) => {
    found ||= isNamed(child, name);
  });
  return found;
}

/** What a function of the same file gives back; nothing of others. */
function returnedBy(callee: Node): Node[] {
  const name = is.isIdentifier(callee)
    ? callee.text
    : is.isPropertyAccessExpression(callee) && callee.expression.kind === SyntaxKind.ThisKeyword
      ? callee.name.text
      : undefined;
  if (name === undefined) return [];
  const local = constantOf(callee, name);
  if (local) return is.isArrowFunction(local) ? resultsOf(local.body) : [];
  let found: Node | undefined;
  const look = (node: Node): void => {
    const isOne = is.isFunctionDeclaration(node) || is.isMethodDeclaration(node);
    if (isOne && node.name && 'text' in node.name && node.name.text === name) found ??= node.body;
    node.forEachChild((child) => void look(child));
  };
  let root = callee;
  while (root.parent) root = root.parent;
  look(root);
  return found ? resultsOf(found) : [];
}

function resultsOf(body: Node): Node[] {
  if (!is.isBlock(body)) return is.isObjectLiteralExpression(body) ? [] : [body];
  const results: Node[] = [];
  const look = (node: Node): void => {
    if (is.isArrowFunction(node) || is.isFunctionDeclaration(node)) return;
    if (is.isReturnStatement(node) && node.expression) results.push(node.expression);
    node.forEachChild((child) => void look(child));
  };
  look(body);
  return results;
}

import ts from 'typescript';
import type { SourceFile } from './sourceGraph.ts';

interface Exchange {
  /** Names of functions, classes and constants that the file declares and exports. */
  readonly declares: readonly string[];
  /** `file name` of what it imports or passes on. */
  readonly uses: readonly string[];
  /** What it passes on under its own name: `own key` to `key of the source`. */
  readonly passesOn: ReadonlyMap<string, string>;
}

/**
 * Exported functions, classes and constants that no other file asks for. Types are left alone: they document signatures.
 * @param sources the files whose exports are looked at; @param others files that only use them (tests, examples).
 */
export function findUnusedExports(sources: readonly SourceFile[], others: readonly SourceFile[], entries: readonly string[]): readonly string[] {
  const exchanges = new Map([...sources, ...others].map((file) => [file.name, read(file)]));
  const used = new Set<string>();
  const pending = [...exchanges].flatMap(([name, exchange]) => [...exchange.uses, ...(entries.includes(name) ? [...exchange.passesOn.values()] : [])]);
  for (let key = pending.pop(); key !== undefined; key = pending.pop()) {
    if (used.has(key)) continue;
    used.add(key);
    const [name = ''] = key.split(' ');
    const origin = exchanges.get(name)?.passesOn.get(key);
    if (origin !== undefined) pending.push(origin);
  }
  return sources.filter(({ name }) => !entries.includes(name)).flatMap(({ name }) =>
    (exchanges.get(name)?.declares ?? []).filter((declared) => !used.has(`${name} ${declared}`) && !used.has(`${name} *`)).map((declared) => `${name} exports ${declared}, which nothing uses`));
}

function read(file: SourceFile): Exchange {
  const tree = ts.createSourceFile(file.name, file.text, ts.ScriptTarget.Latest, true);
  const declares: string[] = [];
  const uses: string[] = [];
  const passesOn = new Map<string, string>();
  for (const statement of tree.statements) {
    if (ts.isImportDeclaration(statement)) uses.push(...importedKeys(file, statement));
    else if (ts.isExportDeclaration(statement)) for (const [own, source] of passedOn(file, statement)) passesOn.set(own, source);
    else if (isExported(statement)) declares.push(...declaredNames(statement));
  }
  return { declares, uses: [...uses, ...dynamicallyImported(file, tree)], passesOn };
}

/** Modules that are loaded with `import()`: any of their exports may be meant. */
function dynamicallyImported(file: SourceFile, tree: ts.SourceFile): readonly string[] {
  const keys: string[] = [];
  const visit = (node: ts.Node): void => {
    const argument = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword ? node.arguments[0] : undefined;
    const target = argument === undefined ? undefined : resolve(file, argument);
    if (target !== undefined) keys.push(`${target} *`);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return keys;
}

function importedKeys(file: SourceFile, statement: ts.ImportDeclaration): readonly string[] {
  const target = resolve(file, statement.moduleSpecifier);
  const bindings = statement.importClause?.namedBindings;
  if (target === undefined || bindings === undefined) return [];
  if (ts.isNamespaceImport(bindings)) return [`${target} *`];
  return bindings.elements.map((element) => `${target} ${(element.propertyName ?? element.name).text}`);
}

function passedOn(file: SourceFile, statement: ts.ExportDeclaration): readonly (readonly [string, string])[] {
  const target = statement.moduleSpecifier === undefined ? undefined : resolve(file, statement.moduleSpecifier);
  const clause = statement.exportClause;
  if (target === undefined || clause === undefined || !ts.isNamedExports(clause)) return [];
  return clause.elements.map((element) => [`${file.name} ${element.name.text}`, `${target} ${(element.propertyName ?? element.name).text}`]);
}

/** Any file whose path ends as the specifier says; the graph holds each path once. */
function resolve(file: SourceFile, specifier: ts.Expression): string | undefined {
  if (!ts.isStringLiteral(specifier) || !specifier.text.startsWith('.')) return undefined;
  return new URL(specifier.text, `file:///${file.name}`).pathname.slice(1);
}

function isExported(statement: ts.Statement): boolean {
  return ts.canHaveModifiers(statement) && (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
}

function declaredNames(statement: ts.Statement): readonly string[] {
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) return statement.name === undefined ? [] : [statement.name.text];
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations.flatMap(({ name }) => (ts.isIdentifier(name) ? [name.text] : []));
}

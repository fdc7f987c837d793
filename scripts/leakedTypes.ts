import path from 'node:path';
import ts from 'typescript';

/**
 * Types that the declarations of an entry mention without exporting them: users see them in the editor and cannot name them.
 * Types of Node and of TypeScript itself do not count.
 */
export function findLeakedTypes(entry: string): readonly string[] {
  const file = path.resolve(entry);
  const folder = `${path.dirname(file)}/`;
  const program = ts.createProgram([file], { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2024, types: ['node'] });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${entry} is no module`);
  const resolve = (symbol: ts.Symbol): ts.Symbol => ((symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol));
  const exported = new Set(checker.getExportsOfModule(module).map(resolve));
  const leaked = new Set<string>();
  const visit = (node: ts.Node): void => {
    const symbol = ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node) ? symbolOf(node, checker) : undefined;
    if (symbol !== undefined && isOurs(resolve(symbol), folder) && !exported.has(resolve(symbol))) leaked.add(symbol.name);
    ts.forEachChild(node, visit);
  };
  for (const symbol of exported) for (const declaration of symbol.declarations ?? []) if (isOurs(symbol, folder)) visit(declaration);
  return [...leaked].sort();
}

function symbolOf(node: ts.TypeReferenceNode | ts.ExpressionWithTypeArguments, checker: ts.TypeChecker): ts.Symbol | undefined {
  return checker.getSymbolAtLocation(ts.isTypeReferenceNode(node) ? node.typeName : node.expression);
}

/** Whether it is declared beside the entry: an installed package lies in `node_modules` itself. */
function isOurs(symbol: ts.Symbol, folder: string): boolean {
  const declaration = symbol.declarations?.[0];
  if (declaration === undefined || ts.isTypeParameterDeclaration(declaration)) return false;
  const { fileName } = declaration.getSourceFile();
  return fileName.startsWith(folder) && !fileName.slice(folder.length).includes('node_modules/');
}

import ts from 'typescript';

/**
 * Types that the declarations of an entry mention without exporting them: users see them in the editor and cannot name them.
 * Types of Node and of TypeScript itself do not count.
 */
export function findLeakedTypes(entry: string): readonly string[] {
  const program = ts.createProgram([entry], { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2024, types: ['node'] });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(entry);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${entry} is no module`);
  const resolve = (symbol: ts.Symbol): ts.Symbol => ((symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol));
  const exported = new Set(checker.getExportsOfModule(module).map(resolve));
  const leaked = new Set<string>();
  const visit = (node: ts.Node): void => {
    const symbol = ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node) ? symbolOf(node, checker) : undefined;
    if (symbol !== undefined && isOurs(resolve(symbol), program) && !exported.has(resolve(symbol))) leaked.add(symbol.name);
    ts.forEachChild(node, visit);
  };
  for (const symbol of exported) for (const declaration of symbol.declarations ?? []) if (isOurs(symbol, program)) visit(declaration);
  return [...leaked].sort();
}

function symbolOf(node: ts.TypeReferenceNode | ts.ExpressionWithTypeArguments, checker: ts.TypeChecker): ts.Symbol | undefined {
  return checker.getSymbolAtLocation(ts.isTypeReferenceNode(node) ? node.typeName : node.expression);
}

function isOurs(symbol: ts.Symbol, program: ts.Program): boolean {
  const declaration = symbol.declarations?.[0];
  if (declaration === undefined || ts.isTypeParameterDeclaration(declaration)) return false;
  const file = declaration.getSourceFile();
  return !program.isSourceFileDefaultLibrary(file) && !file.fileName.includes('/node_modules/');
}

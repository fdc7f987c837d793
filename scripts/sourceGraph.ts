import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** One TypeScript file and what it imports, types and dynamic imports included. */
export interface SourceFile {
  /** Path from the root, with slashes. */
  readonly name: string;
  readonly text: string;
  /** Specifiers as written. */
  readonly specifiers: readonly string[];
  /** The files among them that lie in the graph. */
  readonly imports: readonly string[];
}

/** Reads all TypeScript files in a folder of a root directory. */
export function readSourceGraph(root: string, folder: string): readonly SourceFile[] {
  const start = path.join(root, folder);
  if (!existsSync(start)) return [];
  const names = readdirSync(start, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => slashed(path.join(folder, name)));
  const known = new Set(names);
  return names.sort().map((name) => {
    const text = readFileSync(path.join(root, name), 'utf8');
    const specifiers = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
    const imports = specifiers.filter((specifier) => specifier.startsWith('.')).map((specifier) => slashed(path.join(path.dirname(name), specifier)));
    return { name, text, specifiers, imports: imports.filter((target) => known.has(target)) };
  });
}

function slashed(name: string): string {
  return name.split(path.sep).join('/');
}

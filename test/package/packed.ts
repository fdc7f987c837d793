import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { REPOSITORY, writeFiles } from '../support/files.ts';
import { runOrThrow } from '../support/run.ts';

/** The package as users get it: built, packed, and installed into an app of its own. */
export interface InstalledPackage {
  /** The folder of the app. */
  readonly app: string;
  /** The installed package inside it. */
  readonly directory: string;
  /** Paths of the files in the tarball. */
  readonly files: readonly string[];
  remove(): void;
}

/** Builds, packs and installs the package. Takes some seconds, most of them for the declarations. */
export async function installPackage(): Promise<InstalledPackage> {
  const base = mkdtempSync(path.join(tmpdir(), 'task-system-package-'));
  const source = path.join(base, 'source');
  const app = path.join(base, 'app');
  mkdirSync(source);
  await runOrThrow(process.execPath, [path.join(REPOSITORY, 'scripts/build.ts'), path.join(source, 'dist')], { cwd: REPOSITORY });
  for (const file of ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']) {
    if (existsSync(path.join(REPOSITORY, file))) cpSync(path.join(REPOSITORY, file), path.join(source, file));
  }
  await runOrThrow('npm', ['pack', '--ignore-scripts', '--pack-destination', base], { cwd: source });
  const tarball = readdirSync(base).find((file) => file.endsWith('.tgz')) ?? '';
  const files = (await runOrThrow('tar', ['-tzf', path.join(base, tarball)], { cwd: base })).trim().split('\n').map((file) => file.replace(/^package\//, ''));
  writeFiles(app, { 'package.json': '{ "private": true, "type": "module" }' });
  await runOrThrow('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', path.join(base, tarball)], { cwd: app });
  return { app, directory: path.join(app, 'node_modules/task-system'), files, remove: () => { rmSync(base, { recursive: true, force: true }); } };
}

/** Makes packages of this repository, such as the types of Node, known to the app. */
export function lendPackages(app: string, names: readonly string[]): void {
  for (const name of names) {
    const target = path.join(app, 'node_modules', name);
    mkdirSync(path.dirname(target), { recursive: true });
    if (!existsSync(target)) symlinkSync(path.join(REPOSITORY, 'node_modules', name), target);
  }
}

/** Bytes of all files in a folder. */
export async function sizeOf(directory: string): Promise<number> {
  const text = await runOrThrow('du', ['-sb', directory], { cwd: directory });
  return Number(text.split('\t', 1)[0]);
}

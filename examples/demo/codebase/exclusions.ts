/** Folders that hold no source of their own: version control, dependencies, build output, caches. */
const SKIPPED_FOLDERS: ReadonlySet<string> = new Set([
  '.git', '.hg', '.svn', 'node_modules', 'bower_components', 'vendor', '.venv', 'venv', '__pycache__',
  'dist', 'build', 'out', 'target', 'coverage', '.cache', '.next', '.nuxt', '.output', '.svelte-kit', '.turbo',
  '.parcel-cache', '.gradle', '.tox', '.mypy_cache', '.pytest_cache', '.task-system',
]);

const GENERATED_FILES: ReadonlySet<string> = new Set([
  'package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'Cargo.lock', 'composer.lock',
  'Gemfile.lock', 'poetry.lock', 'uv.lock', 'go.sum', 'flake.lock', '.DS_Store',
]);

const GENERATED_ENDINGS = ['.min.js', '.min.css', '.map', '.tsbuildinfo', '.pyc', '.class', '.o'] as const;

const BINARY_ENDINGS: ReadonlySet<string> = new Set([
  '7z', 'avif', 'bin', 'bmp', 'bz2', 'db', 'dll', 'dylib', 'eot', 'exe', 'gif', 'gz', 'icns', 'ico', 'jar', 'jpeg', 'jpg', 'mov',
  'mp3', 'mp4', 'node', 'ogg', 'otf', 'pdf', 'png', 'so', 'sqlite', 'sqlite3', 'tar', 'tgz', 'tif', 'tiff', 'ttf', 'wasm', 'wav',
  'webm', 'webp', 'woff', 'woff2', 'xz', 'zip', 'zst',
]);

/** How many bytes from the start of a file decide whether it is text. */
const SNIFFED_BYTES = 8_192;

/** Whether a folder of this name is left out of the count. */
export function isSkippedFolder(name: string): boolean {
  return SKIPPED_FOLDERS.has(name);
}

/** Whether a file is written by a tool rather than a person: lockfiles, minified code, source maps. */
export function isGeneratedFile(name: string): boolean {
  return GENERATED_FILES.has(name) || GENERATED_ENDINGS.some((ending) => name.endsWith(ending));
}

/** Whether the name alone says that the file is not text. */
export function hasBinaryName(name: string): boolean {
  return BINARY_ENDINGS.has(name.slice(name.lastIndexOf('.') + 1).toLowerCase());
}

/** Whether the content is not text: like git, by a NUL byte near the start. */
export function isBinaryContent(content: Uint8Array): boolean {
  return content.subarray(0, SNIFFED_BYTES).includes(0);
}

const BY_ENDING: Readonly<Record<string, string>> = {
  ts: 'TypeScript', mts: 'TypeScript', cts: 'TypeScript', tsx: 'TypeScript',
  js: 'JavaScript', mjs: 'JavaScript', cjs: 'JavaScript', jsx: 'JavaScript',
  py: 'Python', pyi: 'Python', rb: 'Ruby', php: 'PHP', pl: 'Perl', pm: 'Perl', lua: 'Lua', r: 'R', jl: 'Julia',
  go: 'Go', rs: 'Rust', zig: 'Zig', c: 'C', h: 'C', cc: 'C++', cpp: 'C++', cxx: 'C++', hpp: 'C++', hh: 'C++',
  cs: 'C#', fs: 'F#', java: 'Java', kt: 'Kotlin', kts: 'Kotlin', scala: 'Scala', groovy: 'Groovy', gradle: 'Groovy',
  swift: 'Swift', m: 'Objective-C', mm: 'Objective-C', dart: 'Dart', ex: 'Elixir', exs: 'Elixir', erl: 'Erlang',
  hs: 'Haskell', ml: 'OCaml', mli: 'OCaml', clj: 'Clojure', el: 'Emacs Lisp', vim: 'Vim script',
  sh: 'Shell', bash: 'Shell', zsh: 'Shell', fish: 'Shell', ps1: 'PowerShell', bat: 'Batch',
  html: 'HTML', htm: 'HTML', css: 'CSS', scss: 'CSS', sass: 'CSS', less: 'CSS', vue: 'Vue', svelte: 'Svelte', svg: 'SVG',
  json: 'JSON', jsonc: 'JSON', json5: 'JSON', jsonl: 'JSON', yaml: 'YAML', yml: 'YAML', toml: 'TOML', xml: 'XML', ini: 'INI', env: 'INI',
  md: 'Markdown', mdx: 'Markdown', rst: 'reStructuredText', adoc: 'AsciiDoc', tex: 'TeX', txt: 'Text', csv: 'CSV', tsv: 'CSV',
  sql: 'SQL', graphql: 'GraphQL', gql: 'GraphQL', proto: 'Protocol Buffers', tf: 'Terraform', nix: 'Nix', cmake: 'CMake',
};

const BY_NAME: Readonly<Record<string, string>> = {
  dockerfile: 'Dockerfile', containerfile: 'Dockerfile', makefile: 'Makefile', gnumakefile: 'Makefile', 'cmakelists.txt': 'CMake',
  rakefile: 'Ruby', gemfile: 'Ruby', jenkinsfile: 'Groovy', license: 'Text', copying: 'Text', readme: 'Text', notice: 'Text',
};

/** The language of files that no rule knows. */
export const OTHER_LANGUAGE = 'Other';

/** The language of a file, by its name and ending. */
export function languageOf(fileName: string): string {
  const name = fileName.toLowerCase();
  const named = lookUp(BY_NAME, name);
  if (named !== undefined) return named;
  const dot = name.lastIndexOf('.');
  return (dot < 0 ? undefined : lookUp(BY_ENDING, name.slice(dot + 1))) ?? OTHER_LANGUAGE;
}

function lookUp(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

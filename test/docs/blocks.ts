/** A fenced block of a Markdown page. */
export interface Block {
  /** Line of the fence, from 1. */
  readonly line: number;
  readonly language: string;
  /** What follows the language: `file=handler.ts`, `serves`, `output`. */
  readonly marks: ReadonlyMap<string, string>;
  readonly code: string;
}

/** What is shown under one heading: a program, the files it needs, and what it prints. */
export interface Example {
  /** `README.md:12`, where the program starts. */
  readonly name: string;
  readonly files: ReadonlyMap<string, string>;
  /** Which of the files is run. */
  readonly program: string;
  /** Whether the program serves until it is told to stop. */
  readonly serves: boolean;
  /** All it prints, if a block marked `output` follows; `…` stands for anything on its line. */
  readonly output?: string;
  /** What the comments behind its calls of `console.log` say that they print, in order. */
  readonly prints: readonly string[];
}

const CODE = ['ts', 'js'];
const KNOWN = [...CODE, 'sh', 'text', 'mermaid', 'json', 'html'];
const MARKS = ['file', 'serves', 'output'];

/** The fenced blocks of a page, grouped by heading. */
export function readSections(page: string): readonly (readonly Block[])[] {
  const sections: Block[][] = [[]];
  let open: { line: number; info: string; lines: string[] } | undefined;
  page.split('\n').forEach((text, index) => {
    if (text.startsWith('```')) {
      if (open !== undefined) sections.at(-1)?.push(toBlock(open));
      open = open === undefined ? { line: index + 1, info: text.slice(3), lines: [] } : undefined;
    } else if (open !== undefined) open.lines.push(text);
    else if (/^#{1,6} /.test(text)) sections.push([]);
  });
  if (open !== undefined) throw new Error(`the fence in line ${open.line} is never closed`);
  return sections.filter((blocks) => blocks.length > 0);
}

/** The programs of a page. Throws when a fence is marked in a way that nobody knows. */
export function readExamples(pageName: string, page: string): readonly Example[] {
  return readSections(page).flatMap((blocks) => examplesOf(pageName, blocks));
}

function toBlock({ line, info, lines }: { line: number; info: string; lines: readonly string[] }): Block {
  const [language = '', ...marks] = info.trim().split(/\s+/);
  return { line, language, code: `${lines.join('\n')}\n`, marks: new Map(marks.map((mark) => [mark.split('=', 1)[0] ?? '', mark.slice(mark.indexOf('=') + 1)])) };
}

function examplesOf(pageName: string, blocks: readonly Block[]): readonly Example[] {
  for (const block of blocks) assertKnown(pageName, block);
  const code = blocks.filter(({ language }) => CODE.includes(language));
  const named = code.filter(({ marks }) => marks.has('file'));
  const files = new Map(named.map(({ marks, code: text }) => [marks.get('file') ?? '', text]));
  const unnamed = code.filter(({ marks }) => !marks.has('file'));
  const programs = unnamed.length > 0 ? unnamed : named;
  return programs.map((block) => {
    const program = block.marks.get('file') ?? `program.${block.language}`;
    const next = blocks[blocks.indexOf(block) + 1];
    const output = next?.marks.has('output') === true ? { output: next.code } : {};
    return { name: `${pageName}:${block.line}`, files: new Map([...files, [program, block.code]]), program, serves: block.marks.has('serves'), ...output, prints: printsOf(block.code) };
  });
}

function printsOf(code: string): readonly string[] {
  return [...code.matchAll(/console\.log\(.*\);? \/\/ (.+)$/gm)].map(([, text = '']) => text.trim());
}

function assertKnown(pageName: string, { line, language, marks }: Block): void {
  const unknown = [...marks.keys()].find((mark) => !MARKS.includes(mark));
  if (unknown !== undefined) throw new Error(`${pageName}:${line}: nobody knows the mark "${unknown}"`);
  if (!KNOWN.includes(language)) throw new Error(`${pageName}:${line}: a fence is one of ${KNOWN.join(', ')}, not "${language}"`);
}

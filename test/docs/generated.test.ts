import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorsPage, withDiagram } from '../../scripts/generatedDocs.ts';
import { withMatrix } from '../../scripts/isolationPage.ts';
import { ERROR_CATALOGUE } from '../../src/lib/task-system/types/ErrorCatalogue.ts';
import { CASES } from '../core/isolation/cases.ts';
import { REPOSITORY } from '../support/files.ts';

const CODES = Object.keys(ERROR_CATALOGUE);

function read(file: string): string {
  return readFileSync(path.join(REPOSITORY, file), 'utf8');
}

describe('docs/errors.md', () => {
  it('is what the catalogue says (else: npm run docs)', () => {
    expect(read('docs/errors.md')).toBe(errorsPage());
  });

  it.each(CODES)('has a section for %s', (code) => {
    expect(read('docs/errors.md').match(new RegExp(`^### ${code}$`, 'gm'))).toHaveLength(1);
  });
});

describe('docs/isolation.md', () => {
  it('has the tables that the cases of the isolation suite give (else: npm run docs)', () => {
    const page = read('docs/isolation.md');
    expect(withMatrix(page)).toBe(page);
  });

  it.each(CASES)('says of $id what each level does about it', ({ id, does }) => {
    expect(read('docs/isolation.md')).toContain(`| ${id}: ${does} | `);
  });

  it('calls nothing a leak at the level that is there to stop everything', () => {
    const rows = [...read('docs/isolation.md').matchAll(/^\| [A-Z]\d\d: [^|]+\| ([^|]+) \|/gm)].map(([, kernel]) => kernel);
    expect(rows).toHaveLength(CASES.length);
    expect(rows.filter((cell) => cell?.includes('leaks'))).toEqual([]);
  });
});

describe('docs/states.md', () => {
  it.each(['docs/states.md', 'docs/subtasks.md'])('has the diagram that the table of moves gives, as %s (else: npm run docs)', (file) => {
    const page = read(file);
    expect(withDiagram(page)).toBe(page);
  });

  it('explains every state', () => {
    const states = [...read('docs/states.md').matchAll(/^\| `(\w+)` \| /gm)].map(([, state]) => state);
    expect(states).toEqual(['queued', 'running', 'waiting', 'completed', 'failed', 'cancelled']);
  });
});

describe('the error codes', () => {
  // Tests that go through the whole catalogue prove nothing about a single code.
  const general = ['test/docs', 'test/types/Errors.test.ts'];
  const tests = readdirSync(path.join(REPOSITORY, 'test'), { recursive: true, encoding: 'utf8' }).map((file) => `test/${file}`)
    .filter((file) => file.endsWith('.ts') && !general.some((prefix) => file.startsWith(prefix))).map(read).join('\n');

  it.each(CODES)('%s occurs in a test', (code) => {
    expect(tests.includes(`'${code}'`)).toBe(true);
  });
});

describe('the links between pages', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...readdirSync(path.join(REPOSITORY, 'docs'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`)];
  const links = pages.flatMap((page) => [...read(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = '']) => ({ page, link })));

  it.each(links)('lead from $page to $link', ({ page, link }) => {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? page : path.join(path.dirname(page), file);
    expect(existsSync(path.join(REPOSITORY, target))).toBe(true);
    if (anchor !== undefined) expect(anchorsOf(read(target))).toContain(anchor);
  });
});

/** The anchors that a page's headings get. */
function anchorsOf(page: string): readonly string[] {
  return [...page.matchAll(/^#{1,6} (.+)$/gm)].map(([, title = '']) => title.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').trim().replaceAll(/\s/g, '-'));
}

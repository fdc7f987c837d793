const MAX_LENGTH = 500;

/** The first sentences of a project's PROJECT.md, as they stand in the instructions of a task; undefined when it has none. */
export function aboutIn(instructions: string): string | undefined {
  const [, project = ''] = /<file name="PROJECT\.md">\n([^]*?)\n<\/file>/.exec(instructions) ?? [];
  const paragraph = project.split(/\n\s*\n/).map((text) => text.trim()).find((text) => /^[\p{L}\p{N}"'`*_[(]/u.test(text));
  return paragraph?.replace(/\s+/g, ' ').slice(0, MAX_LENGTH).toWellFormed();
}

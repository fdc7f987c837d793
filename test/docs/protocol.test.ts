import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { withProtocol } from '../../scripts/protocolPage.ts';
import { WIRE_CLOSE_CODES } from '../../src/lib/task-system/types/Wire.ts';
import { clientFrameSchema, serverFrameSchema } from '../../src/lib/task-system/types/WireSchema.ts';
import { REPOSITORY } from '../support/files.ts';

const page = readFileSync(path.join(REPOSITORY, 'docs/protocol.md'), 'utf8');
const frames = [...page.matchAll(/^```json\n([^]*?)^```$/gm)].map(([, text = '']) => text.trim());

describe('docs/protocol.md', () => {
  it('has the tables that the schemas give (else: npm run docs)', () => {
    expect(withProtocol(page)).toBe(page);
  });

  it.each(['hello', 'sub', 'unsub', 'ping', 'submit', 'cancel', 'retry', 'get', 'list', 'welcome', 'snap', 'subok', 'ev', 'reset', 'err', 'done', 'pong', 'bye'])('tells of the frame %s', (type) => {
    expect(page).toMatch(new RegExp(`^\\| \`${type}[ \`]`, 'm'));
  });

  it.each(Object.values(WIRE_CLOSE_CODES))('tells of the close code %i', (code) => {
    expect(page).toMatch(new RegExp(`^\\| ${String(code)} \\| `, 'm'));
  });

  it('has examples', () => {
    expect(frames.length).toBeGreaterThanOrEqual(4);
  });

  it.each(frames)('has an example that is a frame: %s', (text) => {
    const frame: unknown = JSON.parse(text);
    expect(clientFrameSchema.safeParse(frame).success || serverFrameSchema.safeParse(frame).success).toBe(true);
  });
});

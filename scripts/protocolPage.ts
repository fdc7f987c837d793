import * as z from 'zod';
import { WIRE_LIMITS } from '../src/lib/task-system/realtime/server/Connection.ts';
import { isFinalClose, WIRE_CLOSE_CODES } from '../src/lib/task-system/types/Wire.ts';
import { clientFrameSchema, serverFrameSchema } from '../src/lib/task-system/types/WireSchema.ts';

interface Shape {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape;
  readonly oneOf?: readonly Shape[];
  readonly anyOf?: readonly Shape[];
}

const MEANINGS: Readonly<Record<keyof typeof WIRE_CLOSE_CODES, string>> = {
  goingAway: 'the feed is being detached',
  badFrame: 'not a frame of this protocol, or not at its time',
  unauthorized: 'the token of `hello` was refused, or was needed and missing',
  helloTimeout: 'no `hello` within 5 seconds',
  tokenExpired: 'the admission has run out',
  tooManyMessages: 'more than 128 messages at once or 20 a second',
};

/** Codes that are not ours: of WebSocket itself, and of the library that speaks it. */
const OTHER_CODES: readonly (readonly [number, string])[] = [
  [1002, 'not WebSocket as the standard has it'],
  [1006, 'cut off without a code: too slow, silent, or the network'],
  [1007, 'text that is not UTF-8'],
  [1008, 'a message in more than 64 pieces'],
  [1009, 'a message above the limit'],
];

/** Puts the tables of frames, close codes and limits, made from the schemas, into a page in place of those that are there. */
export function withProtocol(page: string): string {
  const parts = { client: framesTable(clientFrameSchema), server: framesTable(serverFrameSchema), codes: codesTable(), limits: limitsTable() };
  return Object.entries(parts).reduce((text, [name, table]) => (
    text.replace(new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- /${name} -->)`), (_, before: string, after: string) => `${before}${table}\n${after}`)
  ), page);
}

function framesTable(schema: z.ZodType): string {
  const frames = leavesOf(z.toJSONSchema(schema, { unrepresentable: 'any', io: 'output' }) as Shape);
  return ['| frame | |', '| --- | --- |', ...frames.map((frame) => `| \`${fieldsOf(frame)}\` | ${frame.description ?? answerText(frame)} |`)].join('\n');
}

function leavesOf(shape: Shape): readonly Shape[] {
  const members = shape.oneOf ?? shape.anyOf;
  return members === undefined ? [shape] : members.flatMap(leavesOf);
}

/** `sub { id, topics[], since? }` */
function fieldsOf({ properties = {}, required = [] }: Shape): string {
  const fields = Object.entries(properties).filter(([name]) => name !== 'type').map(([name, shape]) => `${name}${required.includes(name) ? '' : '?'}${typeText(shape)}`);
  return `${String(properties['type']?.const)}${fields.length === 0 ? '' : ` { ${fields.join(', ')} }`}`;
}

function typeText(shape: Shape): string {
  if (shape.const !== undefined) return `: ${JSON.stringify(shape.const)}`;
  if (shape.properties !== undefined) return `: { ${Object.keys(shape.properties).join(', ')} }`;
  return shape.type === 'array' ? '[]' : '';
}

function answerText({ properties = {} }: Shape): string {
  return `The answer to \`${String(properties['command']?.const)}\`.`;
}

function codesTable(): string {
  const own = Object.entries(WIRE_CLOSE_CODES).map(([name, code]): readonly [number, string] => [code, MEANINGS[name as keyof typeof WIRE_CLOSE_CODES]]);
  const rows = [...own, ...OTHER_CODES].sort(([left], [right]) => left - right);
  return ['| close code | meaning | come back? |', '| --- | --- | --- |', ...rows.map(([code, meaning]) => `| ${String(code)} | ${meaning} | ${returnText(code)} |`)].join('\n');
}

function returnText(code: number): string {
  if (code === WIRE_CLOSE_CODES.tokenExpired) return 'with a new token';
  return isFinalClose(code) ? 'no' : 'yes';
}

function limitsTable(): string {
  return ['| limit | |', '| --- | --- |', ...Object.entries(WIRE_LIMITS).map(([name, value]) => `| \`${name}\` | ${Number(value).toLocaleString('en')} |`)].join('\n');
}

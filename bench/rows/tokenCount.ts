import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { createTokenCounter } from 'task-system/task';
import { verify, type Benchmark, type Measure } from '../lib/Benchmark.ts';
import { OURS, runRounds, toMeasure, type Contestant } from '../lib/compare.ts';

const CHARACTERS = 100_000;
/** As many as the tokenizer itself can count in reasonable time: of twice as many it takes four times as long. */
const PEER_CHARACTERS = 4_000;
const MAX_MS = 200;
const PLAIN = { disallowedSpecial: new Set<string>() };

/** Text without the spaces at which tokenizers split. */
const SCRIPTS: Readonly<Record<string, string>> = {
  'Thai': 'ภาษาไทยเป็นภาษาที่มีระดับเสียงของคำแน่นอน',
  'Chinese': '人工智能系统的发展需要大量的数据和计算资源',
  'Japanese': 'これは日本語の長い文章です',
  'Korean': '한국어는대한민국의공용어입니다',
  'Arabic': 'اللغةالعربيةهيلغةساميةقديمة',
  'Hindi': 'हिन्दीभारतकीराजभाषाहै',
  'Latin letters': 'qwxzjkvbpy',
  'emoji': '😀🐝🚀',
  'joiners that draw nothing': '\u200d',
  'combining marks': 'e\u0301\u0302',
  'spaces': ' ',
  'line breaks': '\n',
  'signs': '=',
};

/**
 * Counts text without a break, of any script. The tokenizer itself looks at all neighbours again after each merge, so it gets only a
 * part of the text, of which both must give the same number.
 */
export const tokenCount: Benchmark = {
  name: 'token-count',
  async run({ isQuick }) {
    const { countText } = createTokenCounter();
    const rounds = isQuick ? 2 : 7;
    const measures: Measure[] = [];
    for (const [script, unit] of Object.entries(SCRIPTS)) measures.push(...await measureScript(script, unit, countText, rounds));
    return measures;
  },
};

async function measureScript(script: string, unit: string, countText: (text: string) => number, rounds: number): Promise<readonly Measure[]> {
  const part = repeat(unit, PEER_CHARACTERS);
  verify(countText(part) === countTokens(part, PLAIN), `${script} is not counted as the tokenizer counts it`);
  const whole = await runRounds([timed(OURS, unit, CHARACTERS, countText)], rounds);
  const parts = await runRounds([timed(OURS, unit, PEER_CHARACTERS, countText), timed('gpt-tokenizer itself', unit, PEER_CHARACTERS, (text) => countTokens(text, PLAIN))], rounds);
  return [
    toMeasure(`${script}: ${String(CHARACTERS)} characters without a break`, 'ms', whole, { mark: ({ ours }) => ({ text: `under ${String(MAX_MS)} ms`, isMet: ours.median < MAX_MS }) }),
    toMeasure(`${script}: ${String(PEER_CHARACTERS)} characters`, 'ms', parts),
  ];
}

/**
 * Counting waits for nothing, so its time is the processor's, which does not depend on what else the machine does. No text comes
 * twice: the tokenizer remembers what it has seen.
 */
function timed(name: string, unit: string, characters: number, count: (text: string) => number): Contestant {
  let longer = 0;
  return {
    name,
    measure: () => {
      const text = repeat(unit, characters + ++longer);
      const start = process.cpuUsage();
      count(text);
      const { user, system } = process.cpuUsage(start);
      return Promise.resolve((user + system) / 1_000);
    },
  };
}

function repeat(unit: string, characters: number): string {
  return unit.repeat(Math.ceil(characters / unit.length)).slice(0, characters);
}

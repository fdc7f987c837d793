import { statSync } from 'node:fs';
import { parseArguments, USAGE, UsageError, type DemoArguments } from './arguments.ts';
import { Demo } from './Demo.ts';
import { chooseGlyphs, createStyle, wantsColour } from './terminal/style.ts';
import { Viewer } from './viewer/Viewer.ts';

const EXIT_UNEXPECTED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const args = parseArguments(process.argv.slice(2), process.cwd());
    if (args !== 'help') return await run(checked(args));
    process.stdout.write(`${USAGE}\n`);
    return 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`demo: ${message}\n${error instanceof UsageError ? '\nnpm run demo -- --help tells what it takes.\n' : ''}`);
    return error instanceof UsageError ? EXIT_USAGE : EXIT_UNEXPECTED;
  }
}

async function run(args: DemoArguments): Promise<number> {
  const output = process.stdout;
  const style = createStyle(wantsColour(output.isTTY, process.env));
  const glyphs = chooseGlyphs(process.env, process.platform);
  const viewer = new Viewer(output, style, glyphs);
  const stop = new AbortController();
  const onSignal = (): void => {
    // Who asks a second time does not want to wait.
    if (stop.signal.aborted) process.exit(EXIT_INTERRUPTED);
    stop.abort(new Error('stopped by a signal'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // Nobody reads any more, as after `| head`.
  output.on('error', () => { stop.abort(new Error('the output was closed')); });
  try {
    const ending = await new Demo(args, { viewer, style, glyphs, cwd: process.cwd(), isTerminal: output.isTTY, stop: stop.signal }).run();
    return { 'as expected': 0, 'not as expected': EXIT_UNEXPECTED, 'stopped': EXIT_INTERRUPTED }[ending];
  } finally {
    viewer.finish();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function checked(args: DemoArguments): DemoArguments {
  const stats = statSync(args.folder, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError(`there is no folder ${args.folder}`);
  if (!stats.isDirectory()) throw new UsageError(`${args.folder} is not a folder`);
  return args;
}

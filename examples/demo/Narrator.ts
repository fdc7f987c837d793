import { relative } from 'node:path';
import { projectOf, type Greeting, type HostSettings } from './host.ts';
import type { Outcome } from './outcome.ts';
import { earlierTable, outcomeTable, type TableLook } from './tables.ts';
import type { Glyphs, Style } from './terminal/style.ts';
import { cut, printable, wrap } from './terminal/text.ts';
import { tally } from './viewer/frame.ts';
import { isOver, type BoardRow } from './viewer/TaskBoard.ts';
import type { Viewer } from './viewer/Viewer.ts';

/** How wide the names before paths and closing sentences are. */
const NAME_COLUMNS = 8;

/** What the demo tells with. */
export interface NarratorPorts {
  readonly viewer: Viewer;
  readonly style: Style;
  readonly glyphs: Glyphs;
  /** Paths below it are shown relative to it. */
  readonly cwd: string;
}

/** Everything that the demo says beside the live view: what begins, what was found, what happened, how it ended. */
export class Narrator {
  readonly #viewer: Viewer;
  readonly #style: Style;
  readonly #glyphs: Glyphs;
  readonly #cwd: string;

  constructor({ viewer, style, glyphs, cwd }: NarratorPorts) {
    this.#viewer = viewer;
    this.#style = style;
    this.#glyphs = glyphs;
    this.#cwd = cwd;
  }

  /** What is about to happen. */
  introduce({ folder, paceMs }: HostSettings, willKill: boolean): void {
    this.#tell(`A report on ${printable(folder)}, as project "${printable(projectOf(folder))}"`, this.#style.bold);
    if (paceMs > 0) this.#aside(`Each task is stretched to at least ${paceMs / 1_000} s, so that there is something to see (--pace 0 turns that off).`);
    if (willKill) this.#aside('The host runs in a process of its own, which will be killed when a third of the scans are done.');
  }

  /** What a host found when it started. */
  welcome({ earlier, unfinished, url }: Greeting): void {
    if (earlier.length > 0) {
      const runs = new Set(earlier.map((task) => task.run)).size;
      this.#say();
      this.#say(this.#style.bold(`earlier runs: ${runs} with ${earlier.length} tasks`));
      for (const line of earlierTable(earlier, Date.now(), this.#look)) this.#say(line);
    }
    if (unfinished > 0) {
      this.#say();
      this.#tell(`The last run over this folder was cut short. Its ${unfinished} unfinished tasks go on now.`, this.#style.bold);
    }
    this.#say();
    this.#aside(`live from ${url}`);
  }

  /** The host was killed. */
  killed(pid: number, accepted: readonly BoardRow[]): void {
    this.#say();
    const { bold, red } = this.#style;
    this.#tell(`SIGKILL: the host (process ${pid}) is gone. It had accepted ${accepted.length} tasks: ${tally(accepted)}.`, (text) => bold(red(text)));
  }

  /** The host is back. */
  restarted(pid: number, unfinished: number): void {
    this.#tell(`A new host (process ${pid}) has opened the same database: ${unfinished} unfinished tasks go on.`, this.#style.bold);
    this.#say();
  }

  /** What became of the tasks that were accepted before the kill. */
  survived(accepted: readonly BoardRow[], lost: number): void {
    const interrupted = accepted.filter((row) => (this.#viewer.board.get(row.id)?.interruptions ?? 0) > 0).length;
    const fate = `${interrupted} of them were interrupted and ran again; ${lost === 0 ? 'none' : lost} got lost`;
    this.#note('killed', `${accepted.length} tasks had been accepted; ${fate}`);
  }

  /** It was asked to stop. */
  stopped(database: string | undefined): void {
    const { rows } = this.#viewer.board;
    const open = rows.filter((row) => !isOver(row.state)).length;
    this.#say();
    if (database === undefined) this.#tell('Stopped before it began.');
    else if (open === 0) this.#tell(`Stopped. What the tasks have done so far is kept in ${this.#path(database)}.`);
    else {
      const kept = `they are kept in ${this.#path(database)} and go on when it is run again`;
      this.#tell(`Stopped. ${open} of ${rows.length} tasks have not ended; ${kept}.`);
    }
  }

  /** The tables of the end. */
  finish({ tasks, report }: Outcome, database: string): void {
    const { board } = this.#viewer;
    this.#say();
    for (const line of outcomeTable(tasks, (id) => board.get(id), this.#look)) this.#say(line);
    const processes = tasks.reduce((sum, task) => sum + task.attempts, 0);
    this.#aside(`${tasks.length} tasks in ${processes} processes, at most ${board.mostRunning} at once (5 may).`);
    if (tasks.some((task) => task.interruptions > 0)) this.#aside('cut: attempts that ended with their host; they do not count as failures.');
    if (report !== undefined) {
      this.#say();
      this.#point('report', this.#path(report.path));
      for (const line of report.head) this.#say(this.#style.dim(`  ${cut(printable(line), this.#viewer.width - 3)}`.trimEnd()));
    }
    this.#say();
    this.#point('database', this.#path(database));
  }

  /** Whether all came as it should, and what to try next. */
  judge(surprises: readonly string[], wasKilled: boolean): void {
    if (wasKilled) this.#note('next', 'npm run demo   once more, without a kill');
    else this.#note('next', 'npm run demo -- --kill   kills its host half-way; nothing gets lost');
    this.#say();
    for (const surprise of surprises) this.#tell(`${this.#glyphs.failed} ${printable(surprise)}`, this.#style.red);
    if (surprises.length === 0) this.#say(this.#style.green(`${this.#glyphs.done} everything came out as expected`));
  }

  get #look(): TableLook {
    return { width: this.#viewer.width, style: this.#style, glyphs: this.#glyphs };
  }

  /** Says where something is: a path is left whole, to be copied. */
  #point(name: string, text: string): void {
    this.#say(`${this.#style.bold(name.padEnd(NAME_COLUMNS))}  ${text}`);
  }

  /** Says a sentence under a name, broken between words. */
  #note(name: string, text: string): void {
    const [first = '', ...rest] = wrap(text, this.#viewer.width - NAME_COLUMNS - 3);
    this.#point(name, first);
    for (const line of rest) this.#say(`${' '.repeat(NAME_COLUMNS)}  ${line}`);
  }

  #path(path: string): string {
    const way = relative(this.#cwd, path);
    return printable(way.startsWith('..') ? path : way);
  }

  #aside(text: string): void {
    this.#tell(text, this.#style.dim);
  }

  /** Says a sentence, broken between words. */
  #tell(text: string, paint: (text: string) => string = (plain) => plain): void {
    for (const line of wrap(text, this.#viewer.width - 1)) this.#say(paint(line));
  }

  #say(line = ''): void {
    this.#viewer.say(line);
  }
}

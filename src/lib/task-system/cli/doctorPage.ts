import { CGROUP_CONTROLLERS, isAtLeast, type CgroupReport, type DoctorReport, type IsolationLevel, type LevelReport, type SandboxProblem } from '../types/Isolation.ts';

/** How a person reads each word of a report. */
const MEANING = {
  enforced: 'by the kernel, or by the host on data that tasks cannot touch',
  watched: 'the host looks and acts; there may be a short overshoot',
  guarded: 'by Node inside the task: against mistakes, not against malice',
  open: 'not at all',
} as const;

/** What a doctor found, as a page for a terminal. @param required the level that was asked for. */
export function doctorPage(report: DoctorReport, required: IsolationLevel): string {
  const problems = uniqueProblems([...report.levels, ...report.dimensions]);
  const isReached = report.levels.some(({ level, available }) => available && isAtLeast(level, required));
  return [
    `${report.platform}, Node ${report.node}. Strongest level that works here: ${report.level}.`,
    '',
    ...table([['level', 'works', 'missing'], ...report.levels.map((level) => [level.level, level.available ? 'yes' : 'no', numbersOf(level.problems, problems)])]),
    '',
    ...table([
      ['dimension', 'level reached', 'protection', 'missing'],
      ...report.dimensions.map(({ dimension, level, enforcement, problems: own }) => [dimension, level, enforcement, numbersOf(own, problems)]),
    ]),
    '',
    cgroupLine(report.cgroup),
    '',
    ...Object.entries(MEANING).filter(([word]) => report.dimensions.some(({ enforcement }) => enforcement === word)).map(([word, meaning]) => `${word}: ${meaning}`),
    ...problems.flatMap(({ what, fix }, index) => ['', `[${String(index + 1)}] What is missing: ${what}`, `    How to get it:   ${fix}`]),
    '',
    isReached ? `The level "${required}" works.` : `The level "${required}" does not work here.`,
    '',
  ].join('\n');
}

function cgroupLine({ directory, controllers }: CgroupReport): string {
  if (directory === undefined) return 'control group: none is set; what all processes of a task use together is watched.';
  const lacking = CGROUP_CONTROLLERS.filter((controller) => !controllers.includes(controller));
  return `control group ${directory}: the kernel holds ${controllers.join(', ') || 'nothing'} of all processes of a task together${lacking.length === 0 ? '' : `, not ${lacking.join(', ')}`}.`;
}

function uniqueProblems(reports: readonly Pick<LevelReport, 'problems'>[]): readonly SandboxProblem[] {
  return [...new Map(reports.flatMap(({ problems }) => problems).map((problem) => [problem.what, problem])).values()];
}

function numbersOf(own: readonly SandboxProblem[], all: readonly SandboxProblem[]): string {
  return own.map(({ what }) => `[${String(all.findIndex((problem) => problem.what === what) + 1)}]`).join(' ');
}

function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
}

import type { IsolationLevel } from '../../../src/lib/task-system/types/Isolation.ts';

/** The outcome of an attempt that nothing stopped. */
export const THROUGH = 'got through';

/** What stands in an error where a secret was. */
export const REDACTED = '[redacted]';

/** One thing that hostile code does, and what comes of it at each level. */
export interface Case {
  readonly id: string;
  /** What the task does, in words: completes "a task …". */
  readonly does: string;
  /** Outcomes that are right at each level, separated by `|`, the usual one first. {@link THROUGH} is a known leak, or `isContained`. */
  readonly outcomes: Readonly<Record<IsolationLevel, string>>;
  /** Whether getting through at the level `kernel` reaches nothing but the sandbox itself. */
  readonly isContained?: boolean;
}

/** A case that another test proves, because it needs more than one hostile task. */
export interface CaseElsewhere {
  readonly id: string;
  readonly does: string;
  /** What comes of it, in a few words. */
  readonly outcome: string;
  /** Path of the test in this repository. */
  readonly test: string;
}

/** Cases about one thing. */
export interface Area {
  readonly title: string;
  readonly cases: readonly Case[];
  readonly elsewhere?: readonly CaseElsewhere[];
}

const DENIED = 'ERR_ACCESS_DENIED';
const UNSEEN = 'ENOENT|EACCES';
const UNWRITABLE = 'EACCES|EROFS|ENOENT';
/** Stopped at the weaker levels by nothing but the rights of the host's own user. */
const BY_RIGHTS = `${THROUGH}|EACCES|EPERM`;

const files: readonly Case[] = [
  at('F01', 'reads /etc/passwd', UNSEEN, DENIED, THROUGH),
  at('F02', 'reads the workspace of another task, or lists the directory of the system', UNSEEN, DENIED, THROUGH),
  at('F03', 'writes, appends or makes a folder outside its workspace', UNWRITABLE, DENIED, THROUGH),
  at('F04', 'reads a file of the host by a symbolic link that it made', UNSEEN, DENIED, THROUGH),
  at('F06', 'reads a file of the host by a symbolic link that somebody else left in its workspace', UNSEEN, THROUGH, THROUGH),
  at('F08', 'makes a hard link to a file outside', 'EXDEV|EROFS', DENIED, `${THROUGH}|EXDEV`),
  alike('F09', 'looks for what an earlier task left in its workspace', 'EMPTY'),
  at('F10', 'goes by /proc/self/root, /proc/1/root or /proc/self/cwd/..', UNSEEN, DENIED, THROUGH),
  at('F11', 'names a file by a Buffer, a URL, with dots, a NUL, escapes or 4,097 characters', UNSEEN, DENIED, THROUGH),
  at('F12', 'reads a secret beside its handler whose name is in capitals (.ENV)', 'EACCES', DENIED, THROUGH),
  at('F13', 'writes .git/config or a Git hook beside its handler', UNWRITABLE, DENIED, THROUGH),
  at('F14', 'leaves an .env, an .npmrc or a .vscode beside its handler', UNWRITABLE, DENIED, THROUGH),
  at('F15', 'leaves pipes (FIFOs) in its workspace, which hang whoever opens them', 'COMPLETED', DENIED, 'COMPLETED'),
  at('F16', 'leaves folders 1,000 deep with names of 255 bytes', 'COMPLETED', DENIED, 'COMPLETED'),
  alike('F17', 'leaves files and folders of mode 000', 'COMPLETED'),
  at('F18', 'opens, attaches or vacuums into a file of the host with node:sqlite', 'ERR_SQLITE_ERROR', 'NO_MODULE', THROUGH),
  at('F19', 'writes a diagnostic report or a heap snapshot outside', 'NO_FILE|EACCES|ENOENT|EROFS', DENIED, THROUGH),
  at('F20', 'opens the library, its handler or Node itself for writing', 'EACCES|EROFS|ETXTBSY', DENIED, BY_RIGHTS),
  alike('F21', 'makes a sparse file of a terabyte', 'TASK_LIMIT_DISK'),
  at('F22', 'moves its workspace away', 'EROFS|EBUSY|EACCES|EXDEV', DENIED, THROUGH),
  at('F23', 'reads a secret beside its handler (.env)', 'EACCES', DENIED, THROUGH),
  at('F24', 'reads a file of the host that everybody may read', UNSEEN, DENIED, THROUGH),
  at('F25', 'looks into /usr/src, where apps lie in containers', UNSEEN, DENIED, `${THROUGH}|ENOENT`),
];

const secrets: readonly Case[] = [
  alike('E01', 'looks for a variable of the host in its environment', 'ABSENT'),
  at('E02', 'reads the environment of the host by /proc', `${UNSEEN}|ABSENT`, DENIED, THROUGH),
  at('E03', 'reads the command line of the host by /proc', `${UNSEEN}|ABSENT`, DENIED, THROUGH),
  alike('E04', 'looks for NODE_OPTIONS, LD_PRELOAD or NODE_PATH of the host, even if `sandbox.env` names them', 'ABSENT'),
  at('E05', 'lists the home directory of the host, with its settings and keys', UNSEEN, DENIED, THROUGH),
  alike('E06', 'fails with an error that holds a secret of the host', REDACTED),
];

const processes: readonly Case[] = [
  at('P01', 'leaves a daemon in a session of its own when it ends', 'COMPLETED', DENIED, 'COMPLETED'),
  at('P02', 'leaves a daemon and runs into its time limit', 'TASK_TIMEOUT', DENIED, 'TASK_TIMEOUT'),
  at('P18', 'leaves a daemon and crashes', 'TASK_CRASHED', DENIED, 'TASK_CRASHED'),
  at('P03', 'sends signals to the host', 'ESRCH', THROUGH, THROUGH),
  at('P04', 'opens the memory of the host, traces or reads other processes', 'ENOENT', DENIED, BY_RIGHTS),
  at('P05', 'makes namespaces or mounts, or enters those of others', 'EPERM', DENIED, BY_RIGHTS),
  at('P06', 'gains rights by a setuid program', 'NO_NEW_PRIVS', DENIED, THROUGH),
  at('P07', 'opens core_pattern, sysrq or drop_caches for writing', 'EACCES|EROFS|EPERM|ENOENT', DENIED, BY_RIGHTS),
  at('P08', 'types into the terminal of the host (TIOCSTI)', 'ENXIO|EPERM|ENOENT|EACCES', DENIED, 'ENXIO|ENOTTY|ENOENT|EACCES'),
  alike('P09', 'ignores every signal that can be ignored', 'TASK_CANCELLED'),
  at('P10', 'leaves 1,000 orphans behind', 'COMPLETED', DENIED, 'COMPLETED'),
  { ...at('P11', 'starts programs and threads', THROUGH, DENIED, THROUGH), isContained: true },
  { ...at('P12', 'opens a debugger port', THROUGH, DENIED, THROUGH), isContained: true },
  alike('P13', 'uses a file that the host was started with (an inherited descriptor)', 'NONE'),
  at('P14', 'runs as root where the host does', 'NOT_ROOT', `${THROUGH}|NOT_ROOT`, `${THROUGH}|NOT_ROOT`),
  at('P15', 'calls keyctl, io_uring or bpf', 'EPERM', DENIED, BY_RIGHTS),
  alike('P16', 'stops itself (SIGSTOP)', 'TASK_TIMEOUT'),
];

const network: readonly Case[] = [
  at('N01', 'connects to an address on the internet', 'ENETUNREACH', THROUGH, THROUGH),
  at('N02', 'sends a datagram', 'ENETUNREACH', THROUGH, THROUGH),
  at('N03', 'asks for a name (DNS)', 'EAI_AGAIN|ENOTFOUND', THROUGH, THROUGH),
  at('N04', 'connects to a service on the loopback of the host', 'ECONNREFUSED', THROUGH, THROUGH),
  at('N05', 'connects to the metadata service of a cloud (169.254.169.254)', 'ENETUNREACH', THROUGH, THROUGH),
  at('N06', 'connects to an abstract unix socket of the host', 'EPERM|ECONNREFUSED', THROUGH, THROUGH),
  at('N07', 'connects to a unix socket that lies in a folder which it can see', 'EPERM', THROUGH, THROUGH),
  at('N11', 'opens netlink, packet, vsock, raw or unix sockets', 'EPERM', DENIED, BY_RIGHTS),
];

const channel: readonly Case[] = [
  alike('I01', 'writes what is not JSON to the channel', 'TASK_PROTOCOL'),
  alike('I02', 'writes random bytes to the channel', 'TASK_PROTOCOL'),
  alike('I03', 'announces a message of 4 GB', 'TASK_PROTOCOL'),
  alike('I04', 'sends a message of a kind that there is not', 'TASK_PROTOCOL'),
  alike('I05', 'begins a message and never ends it', 'TASK_TIMEOUT'),
  alike('I06', 'sends a message of 200 MB', 'TASK_PROTOCOL'),
  alike('I07', 'sends 20,000 small messages at once', 'done'),
  at('I08', 'passes 600 open files over the channel', 'TASK_PROTOCOL', DENIED, 'TASK_PROTOCOL'),
  alike('I09', 'sends objects that name `__proto__`, `constructor` and `toJSON`', 'COMPLETED'),
  alike('I10', 'sends three results', 'FIRST'),
  alike('I11', 'closes the channel and goes on', 'TASK_TIMEOUT'),
  alike('I13', 'prints 64 MB', 'TASK_LIMIT_OUTPUT'),
  alike('I14', 'sends a message with a field that would widen its policy', 'TASK_PROTOCOL'),
  alike('I15', 'sends a result for another task', 'TASK_PROTOCOL'),
  alike('I16', 'sends arrays nested 100,000 deep', 'TASK_PROTOCOL'),
  alike('I17', 'says nothing, for ever', 'TASK_TIMEOUT'),
  alike('I18', 'closes the channel before it waits for its host', 'TASK_CRASHED'),
];

const resources: readonly Case[] = [
  alike('R01', 'fills memory with Buffers', 'TASK_LIMIT_MEMORY'),
  alike('R02', 'fills the heap', 'TASK_LIMIT_MEMORY'),
  alike('R03', 'fills memory with strings', 'TASK_LIMIT_MEMORY'),
  alike('R04', 'fills memory by WebAssembly', 'TASK_LIMIT_MEMORY'),
  at('R05', 'fills memory with ten processes', 'TASK_LIMIT_MEMORY', DENIED, 'TASK_LIMIT_MEMORY'),
  at('R06', 'fills /dev/shm and /tmp, which lie in memory', 'ENOSPC', DENIED, THROUGH),
  at('R07', 'starts processes without end', 'TASK_LIMIT_PROCESSES', DENIED, 'TASK_LIMIT_PROCESSES'),
  // Node itself gives up where the kernel refuses it a thread that it needs: then the task has crashed.
  at('R08', 'starts 200 threads', 'TASK_LIMIT_PROCESSES|ERR_WORKER_INIT_FAILED|TASK_LIMIT_MEMORY|TASK_CRASHED', DENIED, 'TASK_LIMIT_PROCESSES|ERR_WORKER_INIT_FAILED|TASK_LIMIT_MEMORY|TASK_CRASHED'),
  alike('R10', 'spins', 'TASK_LIMIT_CPU'),
  alike('R11', 'spins and catches SIGXCPU', 'TASK_LIMIT_CPU'),
  at('R12', 'spreads its spinning over many short processes', 'TASK_LIMIT_CPU', DENIED, 'TASK_LIMIT_CPU'),
  alike('R13', 'sleeps past its time limit', 'TASK_TIMEOUT'),
  alike('R14', 'blocks its own event loop past its time limit', 'TASK_TIMEOUT'),
  alike('R15', 'writes one huge file', 'TASK_LIMIT_DISK'),
  alike('R16', 'writes many files', 'TASK_LIMIT_DISK'),
  alike('R17', 'makes empty files without end', 'TASK_LIMIT_DISK'),
  alike('R18', 'opens 10,000 files', 'EMFILE'),
  alike('R19', 'opens 10,000 watches', 'EMFILE'),
  alike('R20', 'runs a regular expression that backtracks for ever', 'TASK_LIMIT_CPU'),
  alike('R21', 'unpacks a small archive of very much', 'TASK_LIMIT_MEMORY'),
  alike('R22', 'parses JSON that fills memory', 'TASK_LIMIT_MEMORY'),
];

/** Every case of the suite. */
export const AREAS: readonly Area[] = [
  {
    title: 'Files',
    cases: files,
    elsewhere: [
      { id: 'F05', does: 'names a symbolic link, a FIFO, a device or a hard link as a file to keep', outcome: 'refused, nothing is read', test: 'test/core/artifacts/KeptFile.test.ts' },
      { id: 'F07', does: 'swaps a folder for a symbolic link while the host reads below it', outcome: 'nothing from outside is read', test: 'test/context/files/openInside.test.ts' },
    ],
  },
  { title: 'Secrets', cases: secrets },
  {
    title: 'Processes and the kernel',
    cases: processes,
    elsewhere: [{ id: 'P17', does: 'spins, or has a daemon, when the host is killed with SIGKILL', outcome: 'gone', test: 'test/core/hostDeath.test.ts' }],
  },
  {
    title: 'Network',
    cases: network,
    elsewhere: [
      { id: 'N08', does: 'asks for a host that its policy does not name, in any spelling', outcome: 'refused by the proxy of the host, where the policy names hosts at all', test: 'test/policy/network/hostile.test.ts' },
      { id: 'N09', does: 'asks for an allowed name that leads to a private address', outcome: 'refused by the proxy of the host', test: 'test/policy/network/hostile.test.ts' },
      { id: 'N10', does: 'uses the network of another task', outcome: 'refused by the proxy of the host', test: 'test/policy/network/hostile.test.ts' },
    ],
  },
  {
    title: 'The channel to the host',
    cases: channel,
    elsewhere: [{ id: 'I12', does: 'never reads what the host sends', outcome: '`TASK_PROTOCOL`, and what waits is bounded', test: 'test/core/HostChannel.test.ts' }],
  },
  {
    title: 'Resources',
    cases: resources,
    elsewhere: [
      { id: 'R23', does: 'misbehaves in random ways, thousands of times in a row', outcome: 'open files, memory (but for the young generation of V8, which has a bound of its own), zombies and event loop of the host stay as they were (120 with every run of the tests, 2,000 by `npm run chaos`)', test: 'test/core/chaos.test.ts' },
      { id: 'R24', does: 'is given a process that died just before, or one that is stopped', outcome: 'another process takes the place of the dead one; the time limit ends the stopped one, and the next task has another', test: 'test/core/spares.system.test.ts' },
    ],
  },
];

/** The cases that hostile tasks prove. */
export const CASES: readonly Case[] = AREAS.flatMap(({ cases }) => cases);

function at(id: string, does: string, kernel: string, permissionModel: string, process: string): Case {
  return { id, does, outcomes: { kernel, 'permission-model': permissionModel, process } };
}

/** What the host decides is the same at every level. */
function alike(id: string, does: string, outcome: string): Case {
  return at(id, does, outcome, outcome, outcome);
}

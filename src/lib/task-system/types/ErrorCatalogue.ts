import { approvalErrors } from './approvalErrors.ts';
import { artifactErrors } from './artifactErrors.ts';
import type { ErrorEntry } from './ErrorEntry.ts';
import { modelErrors } from './modelErrors.ts';
import { networkErrors } from './networkErrors.ts';
import { toolErrors } from './toolErrors.ts';
import { treeErrors } from './treeErrors.ts';
import { webhookErrors } from './webhookErrors.ts';

export type { ErrorEntry };

const taskErrors = {
  TASK_FAILED: {
    summary: 'The handler of the task threw an error or rejected.',
    cause: 'Anything that goes wrong inside the handler, including an unhandled rejection or an uncaught exception before it returned.',
    fix: 'Read `error.cause` and `error.stack`: they are those of the error the handler threw. Set `retry.maxAttempts` if a second try may succeed.',
    retryable: true,
  },
  TASK_TIMEOUT: {
    summary: 'The attempt ran longer than its `timeoutMs` and was stopped.',
    cause: 'The work takes longer than the limit (default 15 minutes), or the handler hangs.',
    fix: 'Raise `timeoutMs` of the task type or of the submission, or make the handler react to `signal`.',
    retryable: true,
  },
  TASK_CRASHED: {
    summary: 'The process of the task ended before it delivered a result.',
    cause: 'The handler called `process.exit`, ran out of memory, was killed from outside, or the process could not start.',
    fix: 'Look at `details.exitCode`, `details.signal` and the last lines of output in `details.output`.',
    retryable: true,
  },
  TASK_LIMIT_MEMORY: {
    summary: 'The processes of the task used more memory than `limits.memoryMb` (default 512), and were killed.',
    cause: 'The handler or a program it started holds too much data at once. `details` names the value allowed, the value seen, the peak, and whether the kernel or the watching host stopped it.',
    fix: 'Work on the data in pieces, raise `limits.memoryMb`, or, where worker threads are used, `limits.workerThreads`.',
    retryable: true,
  },
  TASK_LIMIT_CPU: {
    summary: 'The processes of the task used more CPU time than `limits.cpuMs` (default 15 minutes), and were killed.',
    cause: 'A loop that does not end, or work that takes longer than the limit. `details` names the value allowed and the value seen.',
    fix: 'Raise `limits.cpuMs`, or split the work.',
    retryable: true,
  },
  TASK_LIMIT_PROCESSES: {
    summary: 'The task had more processes or threads alive than `limits.processes` allows (default 64), and was killed.',
    cause: 'A program that starts processes without end, or more work at once than the limit. `details` names the value allowed and the value seen.',
    fix: 'Start fewer at once, or raise `limits.processes`.',
    retryable: true,
  },
  TASK_LIMIT_DISK: {
    summary: 'The workspace of the task held more than `limits.workspaceMb` (default 1,024), and the task was killed.',
    cause: 'Files were written without end, or a single file reached the limit. Every entry counts at least 4 KiB.',
    fix: 'Remove what is not needed any more, or raise `limits.workspaceMb`.',
    retryable: true,
  },
  TASK_LIMIT_OUTPUT: {
    summary: 'The task printed more than four times `limits.outputBytes` (default 16 MiB), and was killed.',
    cause: 'A loop that prints without end. What was printed up to `limits.outputBytes` is in the log.',
    fix: 'Print less, write to a file in the workspace, or raise `limits.outputBytes`.',
    retryable: true,
  },
  TASK_PROTOCOL: {
    summary: 'The process of the task sent something on its channel that is not part of the protocol, and was killed.',
    cause: 'Code in the task wrote to file descriptor 3, or sent a message above the size limit.',
    fix: 'Leave file descriptor 3 alone. Put large data into files of the workspace.',
    retryable: false,
  },
  TASK_RESULT_INVALID: {
    summary: 'The handler returned something that cannot be stored as a result.',
    cause: 'The result is not JSON-serialisable (a function, a BigInt, a cycle) or larger than `limits.resultBytes`.',
    fix: 'Return a small JSON value; write large data to a file in the workspace and return its name.',
    retryable: false,
  },
  TASK_INTERRUPTED: {
    summary: 'The task was interrupted too often by its host stopping or crashing.',
    cause: 'The host died or was closed while the task ran, more often than `queue.maxInterruptions` (default 3), or the type says `onInterrupt: "fail"`.',
    fix: 'Find out why the host stops; retry the task with `tasks.retry(id)`. Shorten the task or give `close()` a longer grace.',
    retryable: false,
  },
  TASK_CANCELLED: {
    summary: 'The task was cancelled.',
    cause: '`handle.cancel()`, `tasks.cancel(id)` or a cancelled parent.',
    fix: 'Nothing; `error.details.reason` carries the reason that was given.',
    retryable: false,
  },
  TASK_NOT_FOUND: {
    summary: 'There is no task with this id.',
    cause: 'The id is wrong, or the task ended long ago and was removed by `storage.retention`.',
    fix: 'Check the id; raise `storage.retention` to keep ended tasks longer.',
    retryable: false,
  },
  TASK_NOT_TERMINAL: {
    summary: 'The task has not ended yet.',
    cause: '`retry` was called on a task that is still queued, waiting or running.',
    fix: 'Wait for `handle.result()` or cancel the task first.',
    retryable: false,
  },
  TASK_ILLEGAL_TRANSITION: {
    summary: 'A task was asked to move between two states that have no such move.',
    cause: 'A bug in this library or in a store adapter.',
    fix: 'Please report it with the message.',
    retryable: false,
  },
} as const satisfies Record<string, ErrorEntry>;

const handlerErrors = {
  HANDLER_NOT_FOUND: {
    summary: 'The handler module of the task type does not exist.',
    cause: '`tasks.<type>.module` points to a file that is not there. After a build the path may need another folder or ending.',
    fix: 'Use `new URL("./handler.js", import.meta.url)` and make sure that the file is part of the build output.',
    retryable: false,
  },
  HANDLER_NO_DEFAULT: {
    summary: 'The handler module has no usable default export.',
    cause: 'The module does not `export default defineTask({ run })`.',
    fix: 'Export the definition as default: `export default defineTask({ async run({ input }) { … } })`.',
    retryable: false,
  },
  HANDLER_SYNTAX: {
    summary: 'The handler module cannot be parsed.',
    cause: 'A syntax error in the module or in something it imports; or TypeScript syntax that Node cannot strip (enums, parameter properties).',
    fix: 'Run `node --check` on the file that the message names.',
    retryable: false,
  },
  HANDLER_IMPORT_FAILED: {
    summary: 'The handler module threw while it was imported.',
    cause: 'Top-level code of the module or of something it imports failed, or an import of it is missing. In a sandbox only the folder of the handler and `node_modules` are there.',
    fix: 'Read `error.cause`; name further folders in `sandbox.read` of the task type; import the module by hand with `node -e "import(\'…\')"`.',
    retryable: false,
  },
} as const satisfies Record<string, ErrorEntry>;

const requestErrors = {
  OPTIONS_INVALID: {
    summary: 'An option is wrong or unknown.',
    cause: 'The message names the path of each option, what was expected and what came.',
    fix: 'Correct the option; unknown names come with the nearest known one.',
    retryable: false,
  },
  NODE_TOO_OLD: {
    summary: 'This version of Node is too old.',
    cause: 'The library needs Node 22.18 or newer.',
    fix: 'Update Node.',
    retryable: false,
  },
  TASK_TYPE_UNKNOWN: {
    summary: 'There is no task type with this name.',
    cause: 'The type is not a key of the `tasks` option of this system.',
    fix: 'Add it to `tasks`, or correct the name; the message lists the known ones.',
    retryable: false,
  },
  PROJECT_NAME_INVALID: {
    summary: 'The project name cannot be used.',
    cause: 'Names are 1 to 128 characters, without control characters, slashes or backslashes, and not "." or "..".',
    fix: 'Use a short identifier, such as the id of the tenant.',
    retryable: false,
  },
  SUBMIT_INVALID: {
    summary: 'A field of the submission is wrong.',
    cause: 'The message names the field, what was expected and what came.',
    fix: 'Correct the field.',
    retryable: false,
  },
  INPUT_INVALID: {
    summary: 'The input does not fit the schema of its task type, or is not JSON.',
    cause: 'The message names the path inside the input.',
    fix: 'Correct the input. Inputs must survive JSON: no functions, BigInt or cycles.',
    retryable: false,
  },
  INPUT_TOO_LARGE: {
    summary: 'The input is larger than `limits.inputBytes` (default 1 MiB).',
    cause: 'Large data was put into the input.',
    fix: 'Store the data and pass its address, or raise `limits.inputBytes`.',
    retryable: false,
  },
  QUEUE_FULL: {
    summary: 'The project has as many pending tasks as it may have.',
    cause: '`queue.maxPending` is reached for this project.',
    fix: 'Submit later, or raise `queue.maxPending`.',
    retryable: true,
  },
  SUBMIT_REFUSED: {
    summary: 'An `onTaskCreate` hook refused the task.',
    cause: 'The hook threw, or did not finish within its time limit.',
    fix: 'Read `error.cause`.',
    retryable: false,
  },
  CURSOR_INVALID: {
    summary: 'The cursor of a list call cannot be read.',
    cause: 'The cursor is not one that `list` returned.',
    fix: 'Pass `nextCursor` of the previous page unchanged, or start without a cursor.',
    retryable: false,
  },
  SYSTEM_CLOSED: {
    summary: 'The task system is closed or closing.',
    cause: 'The method was called after `close()`, or the call was still under way when the system closed.',
    fix: 'Create a new task system. Tasks that were accepted are on disk and go on there.',
    retryable: false,
  },
  PATH_TAKEN: {
    summary: 'The WebSocket path is already attached to this HTTP server.',
    cause: '`attachWebSocket` was called twice with the same server and path.',
    fix: 'Use another `path`, or call `detach()` of the first attachment.',
    retryable: false,
  },
  SERVER_CLOSED: {
    summary: 'The HTTP server cannot take a WebSocket.',
    cause: 'Something that is not a Node HTTP server was passed to `attachWebSocket`.',
    fix: 'Pass the server returned by `http.createServer()` or `app.listen()`.',
    retryable: false,
  },
  CLIENT_CLOSED: {
    summary: 'The client of the live feed is closed.',
    cause: 'The client was closed, or the server refused the connection for good.',
    fix: 'Connect again; `details.closeCode` tells why the server refused.',
    retryable: false,
  },
  FEED_FORBIDDEN: {
    summary: 'The client of the live feed may not do this.',
    cause: '`authorize` of the server said no to this action on this topic; without `authorize` there are no commands at all.',
    fix: 'Connect with a token that may, or allow the action in `authorize`.',
    retryable: false,
  },
  FEED_REFUSED: {
    summary: 'The server of the live feed did not carry out a command.',
    cause: 'Too many commands were under way, or the server failed; `details.reason` says which.',
    fix: 'Try again later, with fewer commands at a time.',
    retryable: true,
  },
  FEED_DISCONNECTED: {
    summary: 'The connection was lost before the answer to a command that must not be sent twice.',
    cause: 'A `retry` was sent, and whether it was carried out is not known.',
    fix: 'Look for a task whose `retryOf` is this one before trying again.',
    retryable: false,
  },
} as const satisfies Record<string, ErrorEntry>;

const storeErrors = {
  STORE_LOCKED: {
    summary: 'Another task system has this database open.',
    cause: 'A second process, or a second system in the same process (as after a hot reload), uses the same `root`.',
    fix: 'Close the other system first, give this one another `root`, or keep one system on `globalThis` across reloads.',
    retryable: true,
  },
  STORE_FULL: {
    summary: 'The disk is full: the change was not accepted.',
    cause: 'No space is left where `root` lies.',
    fix: 'Free space. What was accepted earlier is safe; outcomes of running tasks are held and written as soon as there is space.',
    retryable: true,
  },
  STORE_READ_ONLY: {
    summary: 'The database or its folder cannot be written.',
    cause: '`root` lies on a read-only file system or belongs to another user.',
    fix: 'Choose a `root` that this process may write.',
    retryable: false,
  },
  STORE_CORRUPT: {
    summary: 'The database file is damaged or is not a database.',
    cause: 'The file was overwritten, cut off, or is something else.',
    fix: 'Move the file away and start with an empty one, or restore a backup. Nothing was changed in it.',
    retryable: false,
  },
  STORE_VERSION: {
    summary: 'The database was written by a newer version of this library.',
    cause: 'The library was downgraded.',
    fix: 'Use the newer version again, or another `root`. Nothing was changed in it.',
    retryable: false,
  },
  STORE_FAILED: {
    summary: 'The database reported an error.',
    cause: 'See the message of the cause.',
    fix: 'Look at the disk and at the cause; if it persists, please report it.',
    retryable: true,
  },
} as const satisfies Record<string, ErrorEntry>;

const contextErrors = {
  CONTEXT_TOO_SMALL: {
    summary: 'What must stay of the conversation does not fit into the token budget.',
    cause: 'The system messages, the pinned messages, the first and the last message of the user are never shortened, and together they take more than `maxTokens`.',
    fix: 'Raise `maxTokens`, pin less, or shorten the message that `details.largest` names before it enters the conversation.',
    retryable: false,
  },
  TOKENIZER_UNAVAILABLE: {
    summary: 'The tokenizer cannot be loaded.',
    cause: 'A file `tokenizer-….cjs` is not beside the library, for example because a bundler took the library and left it out.',
    fix: 'Keep task-system out of the bundle, or pass your own `countTokens`.',
    retryable: false,
  },
} as const satisfies Record<string, ErrorEntry>;

const memoryErrors = {
  CONTEXT_UNAVAILABLE: {
    summary: 'A program of this library that a task needs cannot be loaded.',
    cause: 'The file `context.cjs` or `models.cjs` beside the entry points of this library is missing, or the sandbox does not show it.',
    fix: 'Install the package again; if you bundle it, leave it out of the bundle.',
    retryable: false,
  },
  MEMORY_REFUSED: {
    summary: 'The memory file of the project cannot be written safely.',
    cause: 'It lies outside the directory of its project (a link), is not a regular file, is read-only, not UTF-8, or far too large; or the directory does not exist.',
    fix: 'Look at the path in the message. The entry is in the archive beside it, unless the archive cannot be written either.',
    retryable: false,
  },
  MEMORY_DAMAGED: {
    summary: 'The marks of the managed section in the memory file do not fit together.',
    cause: 'One of the two comments `task-system:memory:begin` and `task-system:memory:end` was removed, doubled or moved.',
    fix: 'Repair or remove both marks; a new section is made at the end of the file. Until then entries go to the archive beside it.',
    retryable: false,
  },
  MEMORY_BUSY: {
    summary: 'The memory file was busy for too long.',
    cause: 'Another process holds its lock, or something changes the file all the time.',
    fix: 'Look for a `.lock` file beside it whose process hangs.',
    retryable: true,
  },
  MEMORY_FORBIDDEN: {
    summary: 'The task may not write this to the memory of its project.',
    cause: 'Its type has `memory: "read"` or `"none"`, or it wants to remember more than a task may.',
    fix: 'Set `memory: "write"` for the type, or remember less.',
    retryable: false,
  },
  MEMORY_FAILED: {
    summary: 'The memory file could not be written.',
    cause: 'See the cause: no space left, no permission, a broken disk.',
    fix: 'Remove the cause. The file is as it was before.',
    retryable: true,
  },
} as const satisfies Record<string, ErrorEntry>;

const sandboxErrors = {
  SANDBOX_UNAVAILABLE: {
    summary: 'The isolation that is asked for cannot be had on this machine.',
    cause: '`sandbox.level`, `sandbox.require` or a task type marked `untrusted` asks for a level whose canary failed here.',
    fix: 'Run `tasks.doctor()`: it names what is missing and how to get it. To run with less, say so in `sandbox.require` of the task type.',
    retryable: false,
  },
  CGROUP_UNAVAILABLE: {
    summary: 'The control group of `sandbox.cgroup` cannot be used.',
    cause: 'The directory is none of cgroups v2, the host may not make groups in it or not move processes into them, or the kernel is older than 5.14.',
    fix: 'Run `npx task-system doctor --cgroup <directory>`: it says what is missing. Without `sandbox.cgroup` the host watches what tasks use.',
    retryable: false,
  },
} as const satisfies Record<string, ErrorEntry>;

/** Every error code of the library, with its meaning and its remedy. */
export const ERROR_CATALOGUE = { ...taskErrors, ...treeErrors, ...handlerErrors, ...requestErrors, ...storeErrors, ...networkErrors, ...artifactErrors, ...memoryErrors, ...contextErrors, ...sandboxErrors, ...webhookErrors, ...modelErrors, ...toolErrors, ...approvalErrors } as const;

/** One of the codes of {@link ERROR_CATALOGUE}. */
export type ErrorCode = keyof typeof ERROR_CATALOGUE;

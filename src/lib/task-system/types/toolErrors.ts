import type { ErrorEntry } from './ErrorEntry.ts';

/** Codes of calls of tools. */
export const toolErrors = {
  TOOL_DENIED: {
    summary: 'The policy of the task does not allow this call of a tool.',
    cause: 'A rule of `deny` matches, no rule of `allow` does, the calls that an attempt may make are used up, or the call could not be decided. `details.rule` names what decided.',
    fix: 'Call it with other arguments, or another tool; or change the policy of the task type. `tasks.explainPolicy(type, tool, args)` tells what would be decided.',
    retryable: false,
  },
  TOOL_UNKNOWN: {
    summary: 'There is no tool with this name.',
    cause: 'The name is wrong, or the tool was given neither to the handler (`defineTask({ tools })`, `tools.wrap`) nor to the host (`tools` of `createTaskSystem`).',
    fix: 'Look at `await tools.list()`; the message names the nearest one.',
    retryable: false,
  },
  TOOL_INPUT_INVALID: {
    summary: 'The input of a tool does not fit its schema, is not JSON, or is larger than 128 KiB.',
    cause: 'The message names the path inside the input.',
    fix: 'Correct the input and call again.',
    retryable: false,
  },
  TOOL_OUTPUT_INVALID: {
    summary: 'The output of a tool cannot be handed on.',
    cause: 'It is not JSON, does not fit the tool\'s `outputSchema`, or is too large without any long text that could be cut.',
    fix: 'Let the tool return less, or what survives JSON.',
    retryable: false,
  },
  TOOL_TIMEOUT: {
    summary: 'A call of a tool took longer than it may.',
    cause: 'The tool hangs or has too much to do for `timeoutMs` (its own, or that of the policy; default 60 seconds).',
    fix: 'Raise `timeoutMs`, ask for less at once, or let the tool react to `abortSignal`.',
    retryable: true,
  },
  TOOL_FAILED: {
    summary: 'A tool could not do what was asked.',
    cause: 'The message says what went wrong; `error.cause` is what the tool threw, without its stack.',
    fix: 'Correct the call if it was at fault.',
    retryable: true,
  },
  TOOL_BUSY: {
    summary: 'Too many calls of tools are under way in this task.',
    cause: 'More than 16 calls of host tools, or more than 256 of any, that have not ended.',
    fix: 'Wait for calls to end before making others; `tools.call` does that by itself.',
    retryable: true,
  },
  TOOL_ABORTED: {
    summary: 'A call of a tool was given up.',
    cause: 'Its signal was aborted, or its task is being stopped.',
    fix: 'Nothing: nobody waits for it.',
    retryable: false,
  },
  TOOL_INVALID: {
    summary: 'Something that was given as a tool cannot be used as one.',
    cause: 'It has no name, no `execute`, a schema that nobody knows, or the name of a built-in tool; or the tools themselves cannot be loaded.',
    fix: 'Make it with `defineTool`, and give it a name of its own.',
    retryable: false,
  },
} as const satisfies Record<string, ErrorEntry>;

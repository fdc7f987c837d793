import type { ErrorEntry } from './ErrorEntry.ts';

/** The codes of models and budgets. */
export const modelErrors = {
  MODEL_UNKNOWN: {
    summary: 'The task may not call a model of this name.',
    cause: 'The option `models` has no such name, or `models` of the task type leaves it out.',
    fix: 'Look at the names in the message. Configure the model in the host: tasks never have keys.',
    retryable: false,
  },
  MODEL_PEER_MISSING: {
    summary: 'A package that is only needed for models cannot be loaded.',
    cause: 'A model is given by its `baseURL`, and the package `@ai-sdk/openai-compatible` is not installed.',
    fix: 'Run `npm install @ai-sdk/openai-compatible`, or give a language model of the AI SDK.',
    retryable: false,
  },
  MODEL_REQUEST_INVALID: {
    summary: 'The request to a model cannot be sent.',
    cause: 'It is larger than 4 MiB as JSON, is not JSON, or lacks its prompt.',
    fix: 'Bring the conversation within a budget (`context.prepare`), and hand over files by their address.',
    retryable: false,
  },
  MODEL_TOOL_REFUSED: {
    summary: 'The request names a tool that runs at the provider, and the policy of the task does not allow it.',
    cause: 'Such tools (a web search, a code interpreter) never pass the host, so no rule about their arguments could hold.',
    fix: 'Name the tool in `policy.allow` of the task type as `provider.<id of the tool>`, or leave it out.',
    retryable: false,
  },
  MODEL_FAILED: {
    summary: 'The provider of a model refused the call or broke it off.',
    cause: 'A key that is wrong, a model that does not exist, a request that it does not take; see the message and `details.status`.',
    fix: 'Correct the request or the settings of the model; asking again will not help.',
    retryable: false,
  },
  MODEL_UNAVAILABLE: {
    summary: 'The provider of a model could not be reached, or had no room for the call.',
    cause: 'Status 429 or 5xx, or a connection that failed, as often as `maxAttempts` of the model allows; or it asks to wait longer than `maxRetryAfterMs`.',
    fix: 'Try again later: `retry.maxAttempts` of the task type does so. Lower `maxParallel` or `requestsPerMinute` of the model.',
    retryable: true,
  },
  MODEL_TIMEOUT: {
    summary: 'The answer of a model took too long.',
    cause: 'No first part within `firstTokenMs` of the model, or no end within `totalMs`. `details` names which.',
    fix: 'Ask for less at once, or raise the limit.',
    retryable: true,
  },
  MODEL_RESPONSE_TOO_LARGE: {
    summary: 'The answer of a model is larger than 1 MiB as JSON.',
    cause: 'A model that repeats itself without end, or files in the answer.',
    fix: 'Set `maxOutputTokens`.',
    retryable: false,
  },
  MODEL_BUSY: {
    summary: 'The task has more calls of models under way than it may, or used the number of a call twice.',
    cause: 'Code in the task that talks to the host by itself: the library waits for its turn.',
    fix: 'Use `model()` of the handler.',
    retryable: false,
  },
  AGENT_LOOP: {
    summary: 'The agent goes in circles.',
    cause: 'It repeats calls of tools that give the same results: the same ones, nearly the same ones, two in turns, or one failure after another.',
    fix: 'Look at its calls (`task:tool:start`). Better instructions or tools help; `loopGuard` of `runAgent` sets how patient it is.',
    retryable: false,
  },
  MCP_UNAVAILABLE: {
    summary: 'An MCP server did not answer.',
    cause: 'It cannot be started or reached, ended during the call, took longer than `callTimeoutMs`, or the package `@modelcontextprotocol/sdk` is not installed.',
    fix: 'Look at the message. The server is started again with the next call of one of its tools.',
    retryable: true,
  },
  MCP_TOOL_FAILED: {
    summary: 'A tool of an MCP server failed.',
    cause: 'The server says so; the message has its words.',
    fix: 'Look at the input of the call; a model reads this message and may correct itself.',
    retryable: false,
  },
  BUDGET_SPENT: {
    summary: 'The task has nothing left of a budget that it draws from.',
    cause: 'Its own, its tree\'s, an ancestor\'s or its project\'s; `details` names the budget, what is counted, what was spent and what is allowed.',
    fix: 'Find out what used it up (`task:model:end` events); raise it in `budgets` or in `budget` of the task type.',
    retryable: false,
  },
} as const satisfies Record<string, ErrorEntry>;

/**
 * What the tasks of one type may do. Every tool call is decided by the host: a `deny` that matches wins, then an `ask`, and a call that
 * no `allow` matches is denied, as is one that cannot be decided. A child task has at most the rights of its parent, and asks where it does.
 */
export interface PolicyOptions {
  /**
   * The tool calls that are allowed.
   * - Undefined: `fs.*` in the task's own workspace and `memory.*`; nothing else, so no shell and no network.
   * - Empty: no tool at all.
   * - Filled: what one of these rules matches, and nothing else.
   */
  readonly allow?: readonly PolicyRule[];
  /**
   * The tool calls that are denied, whatever `allow` says.
   * - Undefined or empty: nothing beyond what `allow` leaves out.
   * - Filled: also what one of these rules matches.
   */
  readonly deny?: readonly PolicyRule[];
  /**
   * The tool calls that wait for somebody's yes (`tasks.approve`, a hook, the live feed). One that could be meant is asked for even though
   * `allow` matches it; one that everything of fits is asked for even though `allow` does not.
   * - Undefined or empty: nobody is asked.
   * - Filled: what one of these rules matches waits, without a slot, and is denied when nobody answers in time.
   */
  readonly ask?: readonly PolicyRule[];
  /** How long a call waits for its answer, in milliseconds. The time of the task goes on meanwhile. @defaultValue 600_000 (10 minutes) */
  readonly approvalTimeoutMs?: number;
  /**
   * Limits of single tools, by name or pattern. They can only lower what a tool has by itself; where several match, the lowest counts.
   * - Undefined or empty: each tool has its own limits.
   * - Filled: see {@link ToolLimitOptions}.
   */
  readonly limits?: Readonly<Record<string, ToolLimitOptions>>;
  /** What the task may reach over the network. Undefined or empty: nothing. */
  readonly network?: NetworkPolicyOptions;
  /**
   * Whether the task may see the directory of its project (`projects.<name>.dir`): `'none'`, or `'read'` for looking only, in tools by
   * paths that begin with `project:`. Undefined: `'none'`. Nothing makes it writable.
   */
  readonly project?: ProjectAccess;
}

/** A tool by name (`'fs.read'`) or pattern (`'fs.*'`, `'*'`), or a rule that also looks at the arguments. */
export type PolicyRule = string | ToolRule;

/**
 * Matches calls by tool and arguments. Every field that is given has to match: in `allow`, all paths (hosts, commands) of a call must fit
 * one of the patterns; in `deny` it is enough that one does, and a call whose arguments cannot be seen is taken to fit.
 */
export interface ToolRule {
  /** Name or pattern of the tool; `*` stands for any characters. */
  readonly tool: string;
  /**
   * Patterns for the paths of the call (`path`, `paths` and `cwd` of the input): relative to the workspace, or with `project:` in front
   * to the directory of the project. `*` stands for anything within one name, `**` for any names, `?` for one character.
   * - Undefined: any path that the task can see.
   * - Empty: matches no call.
   * - Filled: paths that fit one of the patterns.
   */
  readonly paths?: readonly string[];
  /**
   * Hosts of the call (`url` of the input): `'example.com'`, `'*.example.com'` (any name below it, not itself) or `'*'`, each with or
   * without `:port`. Undefined: any host. Empty: matches no call. Filled: one of these.
   */
  readonly hosts?: readonly string[];
  /**
   * Commands of the call (`command` of the input, a list of words): the name of a program (`'git'`, with any arguments), or a list with a
   * pattern for each word (`['git', 'log', '**']`), where a last `'**'` stands for any further words. A program is meant by its bare name;
   * `allow` does not match it by a path, `deny` does. A shell script can run anything, so only rules without `commands` allow one.
   * Undefined: any command. Empty: matches no call. Filled: one of these.
   */
  readonly commands?: readonly (string | readonly string[])[];
  /**
   * Patterns for other fields of the input, by name: `{ repository: ['acme/*'] }`; `*` stands for any characters. Texts, numbers, booleans
   * and lists of them can be matched. Undefined or empty: any input. Filled: every named field has to fit one of its patterns.
   */
  readonly args?: Readonly<Record<string, string | readonly string[]>>;
}

/** Limits of one tool within one attempt of a task. */
export interface ToolLimitOptions {
  /** How many calls one attempt may make; further ones are denied. Undefined: any number. 0: none. */
  readonly maxCalls?: number;
  /** How long one call may take, in milliseconds, before it is aborted. Undefined: what the tool says, or 60,000. */
  readonly timeoutMs?: number;
  /** How large the output of one call may be as JSON, in bytes; longer texts in it are cut, visibly. Undefined: 262,144 (256 KiB). */
  readonly maxOutputBytes?: number;
}

/** What a task may reach over the network, with its own `fetch` or with tools. */
export interface NetworkPolicyOptions {
  /**
   * Hosts, in the notation of `ToolRule.hosts`. Undefined or empty: none. Filled: these, through a proxy that refuses loopback and private
   * addresses. The tool `http.fetch` needs both: a rule that allows the call, and its host in this list.
   */
  readonly hosts?: readonly string[];
}

/** Whether a task sees the directory of its project. */
export type ProjectAccess = 'none' | 'read';

/** A policy after checking, every default filled in. Plain data. Made by `resolvePolicy`, combined by `narrowPolicy`. */
export interface ResolvedPolicy {
  /** A call is allowed when every layer allows it: the layer of the task's own type, and those of its ancestors. */
  readonly layers: readonly PolicyLayer[];
  /** Hosts that the task may reach, in lower case; what all layers have in common. Empty: no network. */
  readonly network: { readonly hosts: readonly string[] };
  readonly project: ProjectAccess;
  /** How long a call waits for an answer. */
  readonly approvalTimeoutMs: number;
}

/** The rules that one task type contributes. */
export interface PolicyLayer {
  /** Where it was written, such as `tasks.research.policy`; explanations name it. */
  readonly source: string;
  /** Whether `allow` was written there; otherwise it is the library's default. */
  readonly hasOwnAllow: boolean;
  readonly allow: readonly ToolRule[];
  readonly deny: readonly ToolRule[];
  readonly ask: readonly ToolRule[];
  readonly limits: readonly (ToolLimitOptions & { readonly tool: string })[];
}

/** The limits of one call, after everything was considered. */
export interface ToolLimits {
  /** Undefined: any number. */
  readonly maxCalls?: number;
  readonly timeoutMs?: number;
  readonly maxOutputBytes?: number;
}

/** What a policy says of one call. */
export interface PolicyDecision {
  /** `ask`: somebody has to allow it first. */
  readonly decision: 'allow' | 'deny' | 'ask';
  /** One sentence, for people and for models. */
  readonly reason: string;
  /** What decided: `tasks.research.policy.deny[0]`, `tasks.research.policy.project`, `default`. */
  readonly rule: string;
  /** Limits of the call from the policy alone; the tool has its own. */
  readonly limits: ToolLimits;
  /** Of `ask`: what an answer for the whole task covers, by the rules that ask. Undefined: calls with the same arguments alone. */
  readonly scope?: string;
}

import { afterEach, describe, expect, it, vi } from 'vitest';
import { MARKS, planLaunch, rootMarkOf, type LaunchRequest } from '../../src/lib/task-system/policy/Sandbox.ts';
import type { Machine } from '../../src/lib/task-system/policy/sandbox/Machine.ts';
import { SYSCALL_TABLES } from '../../src/lib/task-system/policy/sandbox/syscalls.ts';

const request: LaunchRequest = {
  kind: { level: 'process', view: { readable: [], hiddenFiles: [], hiddenFolders: [] }, unixSockets: false, env: {} },
  entry: '/lib/child.cjs', directory: '/root/workspaces/.slot-1', groundwork: { of: () => ['/ground/arguments', '/ground/filter'] }, rootMark: 'root-mark', hostId: 'host-1', processId: 'process-1', env: [], niceness: 10,
};

afterEach(() => { vi.unstubAllEnvs(); });

describe('planLaunch', () => {
  it('starts the entry script with the Node that runs the host, in the directory of the task', () => {
    expect(planLaunch(request)).toMatchObject({ command: process.execPath, args: ['--disable-warning=ExperimentalWarning', '--disable-sigusr1', '/lib/child.cjs'], cwd: '/root/workspaces/.slot-1', niceness: 10 });
  });

  it('marks the process, so that its host finds it and everything it starts', () => {
    expect(planLaunch(request).env).toMatchObject({ [MARKS.root]: 'root-mark', [MARKS.host]: 'host-1', [MARKS.process]: 'process-1' });
  });

  it('denies the environment of the host, except for what is allowed', () => {
    vi.stubEnv('DATABASE_URL', 'postgres://secret');
    vi.stubEnv('HTTPS_PROXY', 'http://proxy');
    const { env } = planLaunch({ ...request, env: ['HTTPS_PROXY'] });
    expect(env).toMatchObject({ HTTPS_PROXY: 'http://proxy' });
    expect(env).not.toHaveProperty('DATABASE_URL');
  });

  it('never lets the settings of the host change how Node starts', () => {
    vi.stubEnv('NODE_OPTIONS', '--inspect');
    const { args, env } = planLaunch({ ...request, env: ['NODE_OPTIONS'] });
    expect(env).not.toHaveProperty('NODE_OPTIONS');
    expect(args.join(' ')).not.toContain('inspect');
  });

  it('passes on none of the arguments with which the host was started', () => {
    expect(planLaunch(request).args).toHaveLength(3);
  });
});

describe('planLaunch of a process with a way to the network', () => {
  const network = { order: { token: 'secret', socket: '/proxy/socket', port: 3_128 }, mounts: [{ from: '/root/sockets/0', to: '/proxy/socket' }], program: '/lib/network.cjs' };
  const machine: Machine = { platform: 'linux', arch: 'x64', bubblewrap: '/usr/bin/bwrap', syscalls: SYSCALL_TABLES['x64'], isRoot: false };

  it('loads the program for it first, and tells it the way', () => {
    const { args, env } = planLaunch({ ...request, network });
    expect(args.slice(2)).toEqual(['--require', '/lib/network.cjs', '/lib/child.cjs']);
    expect(JSON.parse(env['TASK_SYSTEM_PROXY'] ?? '')).toEqual(network.order);
  });

  it('puts its socket into the sandbox, and does not show where it lies', () => {
    const { args } = planLaunch({ ...request, kind: { ...request.kind, level: 'kernel', unixSockets: true }, network }, machine);
    expect(args.join(' ')).toContain('--ro-bind ../../sockets/0 /proxy/socket');
    expect(args.join(' ')).not.toContain('/root/');
    expect(args.join(' ')).not.toContain('secret');
  });

  it('tells others nothing', () => {
    const { args, env } = planLaunch(request);
    expect(args.join(' ')).not.toContain('--require');
    expect(env).not.toHaveProperty('TASK_SYSTEM_PROXY');
  });

  it('asks the permission model for the network where this Node has such a question', () => {
    const { args } = planLaunch({ ...request, kind: { ...request.kind, level: 'permission-model' }, network });
    expect(args.includes('--allow-net')).toBe(process.allowedNodeEnvironmentFlags.has('--allow-net'));
  });
});

describe('planLaunch in a sandbox of the kernel', () => {
  const machine: Machine = { platform: 'linux', arch: 'x64', bubblewrap: '/usr/bin/bwrap', syscalls: SYSCALL_TABLES['x64'], isRoot: false };
  const inKernel: LaunchRequest = { ...request, kind: { ...request.kind, level: 'kernel' } };

  it('starts bubblewrap in the directory that becomes the workspace, with what is laid for its kind', () => {
    const plan = planLaunch(inKernel, machine);
    expect(plan).toMatchObject({ command: '/usr/bin/bwrap', cwd: request.directory, inputs: ['/ground/arguments', '/ground/filter'], innerWorkspace: '/workspace' });
    expect(plan.args.slice(0, 4)).toEqual(['--args', '4', '--', process.execPath]);
  });

  it('asks for one ground for all processes of a kind, and for another one for other kinds', () => {
    const names: string[] = [];
    const groundwork: LaunchRequest['groundwork'] = { of: (name) => { names.push(name); return ['', '']; } };
    for (const unixSockets of [false, false, true]) planLaunch({ ...inKernel, groundwork, kind: { ...inKernel.kind, unixSockets } }, machine);
    expect(names[1]).toBe(names[0]);
    expect(names[2]).not.toBe(names[0]);
  });

  it('tells the process whom to become where the host is root, and nobody else', () => {
    expect(planLaunch({ ...inKernel, owner: 70_001 }, { ...machine, isRoot: true }).env).toMatchObject({ TASK_SYSTEM_OWNER: '70001' });
    expect(planLaunch(inKernel, machine).env).not.toHaveProperty('TASK_SYSTEM_OWNER');
    expect(planLaunch({ ...request, owner: 70_001 }, { ...machine, isRoot: true }).env).not.toHaveProperty('TASK_SYSTEM_OWNER');
  });

  it('starts no task as root: without a user for it there is no sandbox', () => {
    expect(() => planLaunch(inKernel, { ...machine, isRoot: true })).toThrow(expect.objectContaining({ code: 'SANDBOX_UNAVAILABLE' }));
  });

  it.each([['bubblewrap'], ['syscalls']])('says what is missing where there is no %s', (part) => {
    expect(() => planLaunch(inKernel, { ...machine, [part]: undefined })).toThrow(expect.objectContaining({ code: 'SANDBOX_UNAVAILABLE' }));
  });
});

describe('rootMarkOf', () => {
  it('is the same for every host of a root, and another for another root', () => {
    expect(rootMarkOf('/srv/app/.tasks')).toBe(rootMarkOf('/srv/app/.tasks'));
    expect(rootMarkOf('/srv/app/.tasks')).not.toBe(rootMarkOf('/srv/app/.tasks2'));
  });

  it('tells nothing of the path, and is safe in an environment', () => {
    expect(rootMarkOf('/srv/customer-acme/.tasks')).toMatch(/^[0-9a-f]{32}$/);
  });
});

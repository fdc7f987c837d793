import { afterEach, describe, expect, it, vi } from 'vitest';
import { MARKS, planLaunch, rootMarkOf, type LaunchRequest } from '../../src/lib/task-system/policy/Sandbox.ts';

const request: LaunchRequest = {
  kind: { level: 'process', view: { readable: [], hiddenFiles: [], hiddenFolders: [] }, extra: [], unixSockets: false, env: {} },
  entry: '/lib/child.cjs', directory: '/root/workspaces/.slot-1', rootMark: 'root-mark', hostId: 'host-1', processId: 'process-1', env: [], niceness: 10,
};

afterEach(() => { vi.unstubAllEnvs(); });

describe('planLaunch', () => {
  it('starts the entry script with the Node that runs the host, in the directory of the task', () => {
    expect(planLaunch(request)).toMatchObject({ command: process.execPath, args: ['--disable-warning=ExperimentalWarning', '/lib/child.cjs'], cwd: '/root/workspaces/.slot-1', niceness: 10 });
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
    expect(planLaunch(request).args).toHaveLength(2);
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

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildFilter } from '../../../src/lib/task-system/policy/sandbox/seccomp.ts';
import { SYSCALL_TABLES, type SyscallTable } from '../../../src/lib/task-system/policy/sandbox/syscalls.ts';
import { judge } from './bpf.ts';

const EPERM = { errno: 1 };
const ENOSYS = { errno: 38 };
const MAX_INSTRUCTIONS = 4_096;
const CLONE_THREAD_FLAGS = 0x3d0f00;
const NAMESPACES = { NEWNS: 0x20000, NEWCGROUP: 0x2000000, NEWUTS: 0x4000000, NEWIPC: 0x8000000, NEWUSER: 0x10000000, NEWPID: 0x20000000, NEWNET: 0x40000000, NEWTIME: 0x80 };

function tableOf(arch: string): SyscallTable {
  const table = SYSCALL_TABLES[arch];
  if (table === undefined) throw new Error(`there is no table for ${arch}`);
  return table;
}

/** Numbers of x64, from the kernel's table, of what tasks need and of what they must not have. */
const NEEDED = { read: 0, write: 1, open: 2, mmap: 9, rt_sigaction: 13, pipe: 22, socketpair: 53, fork: 57, execve: 59, exit: 60, kill: 62, getdents64: 217, epoll_wait: 232, openat: 257, statx: 332, rseq: 334, close_range: 436, faccessat2: 439, pidfd_open: 434 };
const REFUSED = { ptrace: 101, unshare: 272, setns: 308, mount: 165, umount2: 166, pivot_root: 155, chroot: 161, bpf: 321, keyctl: 250, userfaultfd: 323, perf_event_open: 298, io_uring_setup: 425, process_vm_readv: 310, init_module: 175, kexec_load: 246, open_by_handle_at: 304, fsopen: 430, mount_setattr: 442 };

describe.each(['x64', 'arm64'])('buildFilter for %s', (arch) => {
  const table = tableOf(arch);
  const program = buildFilter(table, { unixSockets: false });
  const ask = (number: number, args: readonly number[] = []): ReturnType<typeof judge> => judge(program, { arch: table.auditArch, number, args });

  it('is whole instructions, and not more than the kernel takes', () => {
    expect(program.length % 8).toBe(0);
    expect(program.length / 8).toBeLessThanOrEqual(MAX_INSTRUCTIONS);
  });

  it('ends the process on the calls of another processor', () => {
    expect(judge(program, { arch: 0x40000003, number: 0 })).toBe('kill');
  });

  it('refuses exactly what its table names, and looks closer at four calls', () => {
    const special = [table.socket, table.clone, table.clone3, table.ioctl];
    for (let number = 0; number < 600; number++) {
      if (!special.includes(number)) expect([number, ask(number)]).toEqual([number, table.denied.includes(number) ? EPERM : 'allow']);
    }
  });

  it('decides about every number and all arguments', () => {
    fc.assert(fc.property(fc.nat({ max: 0xffffffff }), fc.array(fc.nat({ max: 0xffffffff }), { maxLength: 6 }), (number, args) => {
      expect(['allow', 'kill', EPERM, ENOSYS]).toContainEqual(ask(number, args));
    }));
  });

  it('says of clone3 that there is none, so that clone is used, whose flags can be seen', () => {
    expect(ask(table.clone3)).toEqual(ENOSYS);
  });

  it('lets threads and processes be made', () => {
    expect([ask(table.clone, [CLONE_THREAD_FLAGS]), ask(table.clone, [17])]).toEqual(['allow', 'allow']);
  });

  it.each(Object.entries(NAMESPACES))('lets no namespace be made with clone: %s', (_name, flag) => {
    expect(ask(table.clone, [flag | 17])).toEqual(EPERM);
  });

  it.each([['the terminal (TIOCSTI)', 0x5412], ['the console (TIOCLINUX)', 0x541c]])('lets nobody type into %s', (_name, request) => {
    expect(ask(table.ioctl, [0, request])).toEqual(EPERM);
  });

  it('leaves other requests to devices alone', () => {
    fc.assert(fc.property(fc.nat({ max: 0xffffffff }).filter((request) => request !== 0x5412 && request !== 0x541c), (request) => {
      expect(ask(table.ioctl, [0, request])).toBe('allow');
    }));
  });

  it('opens sockets of IPv4 and IPv6 and of nothing else', () => {
    for (let family = 0; family < 64; family++) expect([family, ask(table.socket, [family])]).toEqual([family, family === 2 || family === 10 ? 'allow' : EPERM]);
  });

  it('opens unix sockets where it is told to', () => {
    const open = buildFilter(table, { unixSockets: true });
    expect(judge(open, { arch: table.auditArch, number: table.socket, args: [1] })).toBe('allow');
    expect(judge(open, { arch: table.auditArch, number: table.socket, args: [16] })).toEqual(EPERM);
  });

  it('names no call twice', () => {
    expect(new Set(table.denied).size).toBe(table.denied.length);
  });
});

describe('buildFilter for x64', () => {
  const table = tableOf('x64');
  const program = buildFilter(table, { unixSockets: false });
  const ask = (number: number): ReturnType<typeof judge> => judge(program, { arch: table.auditArch, number });

  it.each(Object.entries(NEEDED))('lets %s through', (_name, number) => {
    expect(ask(number)).toBe('allow');
  });

  it.each(Object.entries(REFUSED))('refuses %s', (_name, number) => {
    expect(ask(number)).toEqual(EPERM);
  });

  it.each([0, 1, 101, 272])('does not let call %i through by its number of x32', (number) => {
    expect(ask(0x40000000 + number)).toEqual(ENOSYS);
  });
});

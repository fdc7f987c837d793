import type { SyscallTable } from './syscalls.ts';

// Classic BPF: operations of linux/bpf_common.h, and what seccomp makes of the returned value (linux/seccomp.h).
const LOAD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_EQUAL = 0x35;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;
const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const ERRNO = 0x00050000;

// struct seccomp_data. Arguments are 64 bits wide; the lower half comes first on the processors that have a table.
const OFFSET_NUMBER = 0;
const OFFSET_ARCH = 4;
const offsetOfArgument = (index: number): number => 16 + index * 8;

const EPERM = 1;
const ENOSYS = 38;

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWTIME. */
const CLONE_NAMESPACES = 0x7e020080;

const INSTRUCTION_BYTES = 8;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/** What the filter lets through beyond the least. */
export interface FilterOptions {
  /** Whether the task may open unix sockets: only where there is one for it to reach. */
  readonly unixSockets: boolean;
}

/**
 * The program that decides about each system call of a task, as the kernel takes it. Calls outside the table answer EPERM;
 * another processor's calling convention ends the process.
 */
export function buildFilter(table: SyscallTable, { unixSockets }: FilterOptions): Buffer {
  const families = unixSockets ? [AF_UNIX, AF_INET, AF_INET6] : [AF_INET, AF_INET6];
  return assemble([
    [LOAD, 0, 0, OFFSET_ARCH],
    [JUMP_EQUAL, 1, 0, table.auditArch],
    [RETURN, 0, 0, KILL_PROCESS],
    [LOAD, 0, 0, OFFSET_NUMBER],
    ...(table.foreignFrom === undefined ? [] : when([JUMP_GREATER_EQUAL, 0, 0, table.foreignFrom], ENOSYS)),
    // Its flags lie in memory, where a filter cannot look; without it the C library uses `clone`.
    ...when([JUMP_EQUAL, 0, 0, table.clone3], ENOSYS),
    ...table.denied.flatMap((number) => when([JUMP_EQUAL, 0, 0, number], EPERM)),
    ...ofCall(table.clone, [[LOAD, 0, 0, offsetOfArgument(0)], ...when([JUMP_ANY_BIT, 0, 0, CLONE_NAMESPACES], EPERM), allow()]),
    ...ofCall(table.ioctl, [
      [LOAD, 0, 0, offsetOfArgument(1)],
      ...when([JUMP_EQUAL, 0, 0, TIOCSTI], EPERM),
      ...when([JUMP_EQUAL, 0, 0, TIOCLINUX], EPERM),
      allow(),
    ]),
    ...ofCall(table.socket, [
      [LOAD, 0, 0, offsetOfArgument(0)],
      ...families.flatMap((family): readonly Instruction[] => [[JUMP_EQUAL, 0, 1, family], allow()]),
      refuse(EPERM),
    ]),
    allow(),
  ]);
}

/** Refuses when a test holds, and goes on when it does not. */
function when([code, , , value]: Instruction, errno: number): readonly Instruction[] {
  return [[code, 0, 1, value], refuse(errno)];
}

/** Instructions for one system call alone; they end with a verdict. */
function ofCall(number: number, body: readonly Instruction[]): readonly Instruction[] {
  return [[JUMP_EQUAL, 0, body.length, number], ...body];
}

function allow(): Instruction {
  return [RETURN, 0, 0, ALLOW];
}

function refuse(errno: number): Instruction {
  return [RETURN, 0, 0, ERRNO | errno];
}

function assemble(instructions: readonly Instruction[]): Buffer {
  const program = Buffer.alloc(instructions.length * INSTRUCTION_BYTES);
  for (const [index, [code, ifTrue, ifFalse, value]] of instructions.entries()) {
    const at = index * INSTRUCTION_BYTES;
    program.writeUInt16LE(code, at);
    program.writeUInt8(ifTrue, at + 2);
    program.writeUInt8(ifFalse, at + 3);
    program.writeUInt32LE(value, at + 4);
  }
  return program;
}

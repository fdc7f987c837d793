import { closeSync, openSync, readFileSync } from 'node:fs';
import { open as openInspector } from 'node:inspector';
import { Worker } from 'node:worker_threads';
import { anyOf, anySystemCall, runProgram, stopped } from '../attempt.mjs';

const CLONE_NEWUSER = 0x10000000;
const CLONE_NEWNS = 0x20000;
const TIOCSTI = 0x5412;

/** Probes of other processes and of the kernel. Where a program is needed for one, being unable to start it counts as stopped. */
export function processProbes({ hostPid }) {
  return {
    P03: () => anyOf(() => process.kill(hostPid, 0), () => { process.kill(process.ppid, 0); if (process.ppid > 2) return; throw stopped('ESRCH'); }),
    P04: () => anyOf(
      () => closeSync(openSync(`/proc/${hostPid}/mem`, 'r')),
      // ptrace(PTRACE_TRACEME), process_vm_readv of itself.
      () => anySystemCall([101, 0, 0, 0, 0], [310, '$$', 0, 0, 0, 0, 0]),
    ),
    P05: () => anySystemCall([272, CLONE_NEWUSER], [272, CLONE_NEWNS], [165, '"none"', '"/tmp"', '"tmpfs"', 0, 0], [308, -1, 0]),
    P06: () => { if (/^NoNewPrivs:\s*1$/m.test(readFileSync('/proc/self/status', 'utf8'))) throw stopped('NO_NEW_PRIVS'); },
    P07: () => anyOf(...['kernel/core_pattern', 'kernel/sysrq', 'vm/drop_caches'].map((name) => () => closeSync(openSync(`/proc/sys/${name}`, 'r+')))),
    P08: () => anyOf(() => closeSync(openSync('/dev/tty', 'r+')), () => anySystemCall([16, 0, TIOCSTI, '"x"'])),
    P11: () => anyOf(() => runProgram('/bin/true'), () => new Promise((resolve, reject) => { new Worker('0', { eval: true }).once('exit', resolve).once('error', reject); })),
    P12: () => { openInspector(0, '127.0.0.1'); },
    P14: () => { if (process.getuid() !== 0) throw stopped('NOT_ROOT'); },
    // bpf, keyctl, userfaultfd, perf_event_open, io_uring_setup: ways into the kernel that were exploited before.
    P15: () => anySystemCall([250, 0, -3, 0], [425, 1, '"x" x 200'], [321, 0, '"x" x 64', 64]),
  };
}

/** Numbers of system calls, for one processor. */
export interface SyscallTable {
  /** AUDIT_ARCH_… of linux/audit.h. */
  readonly auditArch: number;
  /** Numbers from here on belong to a second table (x32) that would go around the first. */
  readonly foreignFrom?: number;
  /** Refused whatever their arguments are. */
  readonly denied: readonly number[];
  /** Looked at more closely. */
  readonly socket: number;
  readonly clone: number;
  readonly clone3: number;
  readonly ioctl: number;
}

/**
 * System calls that no task needs: they change namespaces and mounts, look into other processes, load code into the kernel, set
 * the clock, or open large parts of the kernel that were the way out of sandboxes before (io_uring, bpf, userfaultfd, keys).
 */
const X64_DENIED = {
  ptrace: 101, syslog: 103, uselib: 134, personality: 135, ustat: 136, sysfs: 139, modify_ldt: 154, pivot_root: 155, _sysctl: 156, adjtimex: 159,
  chroot: 161, acct: 163, settimeofday: 164, mount: 165, umount2: 166, swapon: 167, swapoff: 168, reboot: 169, sethostname: 170,
  setdomainname: 171, iopl: 172, ioperm: 173, create_module: 174, init_module: 175, delete_module: 176, get_kernel_syms: 177, query_module: 178,
  quotactl: 179, nfsservctl: 180, lookup_dcookie: 212, clock_settime: 227, vserver: 236, mbind: 237, set_mempolicy: 238, kexec_load: 246,
  add_key: 248, request_key: 249, keyctl: 250, migrate_pages: 256, unshare: 272, move_pages: 279, perf_event_open: 298, fanotify_init: 300,
  name_to_handle_at: 303, open_by_handle_at: 304, clock_adjtime: 305, setns: 308, process_vm_readv: 310, process_vm_writev: 311, kcmp: 312,
  finit_module: 313, kexec_file_load: 320, bpf: 321, userfaultfd: 323, pidfd_getfd: 438, io_uring_setup: 425, io_uring_enter: 426,
  io_uring_register: 427, open_tree: 428, move_mount: 429, fsopen: 430, fsconfig: 431, fsmount: 432, fspick: 433, process_madvise: 440,
  mount_setattr: 442, quotactl_fd: 443, process_mrelease: 448,
} as const;

/** The same for arm64, by the generic table. Calls that arm64 never had are left out. Written from the kernel's list, not tested. */
const ARM64_DENIED = {
  ptrace: 117, syslog: 116, personality: 92, pivot_root: 41, adjtimex: 171, chroot: 51, acct: 89, settimeofday: 170, mount: 40, umount2: 39,
  swapon: 224, swapoff: 225, reboot: 142, sethostname: 161, setdomainname: 162, init_module: 105, delete_module: 106, quotactl: 60,
  nfsservctl: 42, lookup_dcookie: 18, clock_settime: 112, mbind: 235, set_mempolicy: 237, kexec_load: 104, add_key: 217, request_key: 218,
  keyctl: 219, migrate_pages: 238, unshare: 97, move_pages: 239, perf_event_open: 241, fanotify_init: 262, name_to_handle_at: 264,
  open_by_handle_at: 265, clock_adjtime: 266, setns: 268, process_vm_readv: 270, process_vm_writev: 271, kcmp: 272, finit_module: 273,
  kexec_file_load: 294, bpf: 280, userfaultfd: 282, pidfd_getfd: 438, io_uring_setup: 425, io_uring_enter: 426, io_uring_register: 427,
  open_tree: 428, move_mount: 429, fsopen: 430, fsconfig: 431, fsmount: 432, fspick: 433, process_madvise: 440, mount_setattr: 442,
  quotactl_fd: 443, process_mrelease: 448,
} as const;

/** The tables by `process.arch`. On another processor there is no filter, and so no `kernel` level. */
export const SYSCALL_TABLES: Readonly<Record<string, SyscallTable>> = {
  x64: { auditArch: 0xc000003e, foreignFrom: 0x40000000, denied: Object.values(X64_DENIED), socket: 41, clone: 56, clone3: 435, ioctl: 16 },
  arm64: { auditArch: 0xc00000b7, denied: Object.values(ARM64_DENIED), socket: 198, clone: 220, clone3: 435, ioctl: 29 },
};

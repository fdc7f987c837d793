import { readFileSync } from 'node:fs';
import type { ResolvedLimits } from '../../types/ResolvedOptions.ts';

const MIB = 1_048_576;
const MS_PER_SECOND = 1_000;
/** Room for what differs from one start of Node to the next. */
const SLACK_BYTES = 16 * MIB;
/** The watch over the whole tree comes first; the kernel stops a process that outran it. */
const CPU_SLACK_SECONDS = 1;
/** From the signal that can be caught to the one that cannot. */
const CPU_GRACE_SECONDS = 2;

/** What the kernel holds each process to. A value that is missing is not limited. */
export interface KernelLimits {
  /** Memory it may write, used or just reserved. */
  readonly dataBytes?: number;
  readonly cpuSeconds?: number;
  readonly openFiles?: number;
  /** Size of a single file. */
  readonly fileBytes?: number;
}

/**
 * What the kernel is to hold each process of an attempt to.
 * @param baselineBytes what Node has reserved before any work: about 50 MB on Node 22, 575 MB on 24, because of V8's room for code;
 * each worker thread reserves as much again. Undefined: not known yet, so memory is not limited.
 */
export function kernelLimits(limits: ResolvedLimits, baselineBytes: number | undefined): KernelLimits {
  const { memoryMb, cpuMs, openFiles, workspaceMb, workerThreads } = limits;
  return {
    ...(memoryMb === false || baselineBytes === undefined ? {} : { dataBytes: baselineBytes * (1 + workerThreads) + memoryMb * MIB + SLACK_BYTES }),
    ...(cpuMs === false ? {} : { cpuSeconds: Math.ceil(cpuMs / MS_PER_SECOND) + CPU_SLACK_SECONDS }),
    ...(openFiles === false ? {} : { openFiles }),
    ...(workspaceMb === false ? {} : { fileBytes: workspaceMb * MIB }),
  };
}

/** Limits that are as wide as the widest of each: what a process may be started with before it is known what it will run. */
export function widest(all: readonly KernelLimits[]): KernelLimits {
  const result: { -readonly [Name in keyof KernelLimits]: KernelLimits[Name] } = {};
  for (const name of ['dataBytes', 'cpuSeconds', 'openFiles', 'fileBytes'] as const) {
    const values = all.map((limits) => limits[name]).filter((value) => value !== undefined);
    if (values.length > 0 && values.length === all.length) result[name] = Math.max(...values);
  }
  return result;
}

/** Whether both say the same. */
export function sameLimits(left: KernelLimits, right: KernelLimits): boolean {
  return prlimitArgs(left).join(' ') === prlimitArgs(right).join(' ');
}

/** Arguments of util-linux's `prlimit`. A process with an own bound of 0 writes no memory images when it crashes. */
export function prlimitArgs({ dataBytes, cpuSeconds, openFiles, fileBytes }: KernelLimits): readonly string[] {
  return [
    '--core=0',
    ...(dataBytes === undefined ? [] : [`--data=${String(dataBytes)}`]),
    ...(cpuSeconds === undefined ? [] : [`--cpu=${String(cpuSeconds)}:${String(cpuSeconds + CPU_GRACE_SECONDS)}`]),
    ...(openFiles === undefined ? [] : [`--nofile=${String(openFiles)}`]),
    ...(fileBytes === undefined ? [] : [`--fsize=${String(fileBytes)}`]),
  ];
}

/** Cuts limits down to what this process may hand on itself: more would be refused. */
export function withinOwn(limits: KernelLimits): KernelLimits {
  const text = ownLimitsText();
  const cut = (value: number | undefined, name: string): number | undefined => {
    const hard = Number(new RegExp(`^${name}\\s+\\S+\\s+(\\d+)`, 'm').exec(text)?.[1] ?? Infinity);
    return value === undefined ? undefined : Math.min(value, hard);
  };
  const dataBytes = cut(limits.dataBytes, 'Max data size');
  const openFiles = cut(limits.openFiles, 'Max open files');
  const fileBytes = cut(limits.fileBytes, 'Max file size');
  return {
    ...limits,
    ...(dataBytes === undefined ? {} : { dataBytes }),
    ...(openFiles === undefined ? {} : { openFiles }),
    ...(fileBytes === undefined ? {} : { fileBytes }),
  };
}

function ownLimitsText(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}

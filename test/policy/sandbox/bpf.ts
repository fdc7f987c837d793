/** What a filter is asked about: struct seccomp_data. */
export interface SystemCall {
  readonly arch: number;
  readonly number: number;
  readonly args?: readonly number[];
}

/** What the kernel would do: let the call through, answer with an error, or end the process. */
export type Verdict = 'allow' | 'kill' | { readonly errno: number };

const INSTRUCTION_BYTES = 8;
const MASK = 0xffff0000;

/** Runs a filter as the kernel does. Throws where the kernel would not have taken it: unknown operations, jumps or an end outside. */
export function judge(program: Buffer, call: SystemCall): Verdict {
  const data = Buffer.alloc(64);
  data.writeInt32LE(call.number | 0, 0);
  data.writeUInt32LE(call.arch, 4);
  for (const [index, value] of (call.args ?? []).entries()) data.writeBigUInt64LE(BigInt(value), 16 + index * 8);
  const count = program.length / INSTRUCTION_BYTES;
  let accumulator = 0;
  for (let at = 0; at < count; at++) {
    const code = program.readUInt16LE(at * INSTRUCTION_BYTES);
    const value = program.readUInt32LE(at * INSTRUCTION_BYTES + 4);
    const jump = (holds: boolean): void => { at += program.readUInt8(at * INSTRUCTION_BYTES + (holds ? 2 : 3)); };
    switch (code) {
      case 0x20: accumulator = data.readUInt32LE(value); break;
      case 0x15: jump(accumulator === value); break;
      case 0x35: jump(accumulator >= value); break;
      case 0x45: jump((accumulator & value) !== 0); break;
      case 0x06: return verdictOf(value);
      default: throw new Error(`the operation ${code.toString(16)} at ${String(at)} is none that is known`);
    }
  }
  throw new Error('ran out of the program');
}

function verdictOf(value: number): Verdict {
  switch ((value & MASK) >>> 0) {
    case 0x7fff0000: return 'allow';
    case 0x80000000: return 'kill';
    case 0x00050000: return { errno: value & 0xffff };
    default: throw new Error(`the verdict ${value.toString(16)} is none that is known`);
  }
}

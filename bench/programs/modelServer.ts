/** A scripted model in a process of its own, so that it takes nothing from who is measured. Started by the row `model-calls`. */
import { ScriptedModel } from '../../examples/scripted/ScriptedModel.ts';

const PIECES = Number(process.argv[2]);
const pieces = Array.from({ length: PIECES }, (_item, index) => `word${String(index % 10)} `);

const server = await ScriptedModel.start(({ stream }) => ({ text: stream === true ? pieces : 'Good day' }));
process.send?.({ port: Number(new URL(server.baseURL).port) });

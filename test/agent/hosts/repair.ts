// A host with one agent, which waits to be killed.
import { createTaskSystem } from 'task-system';
import { repairOptions } from '../repair.ts';

const [root = '', project = '', baseURL = ''] = process.argv.slice(2);
const system = await createTaskSystem(repairOptions(root, project, baseURL));
system.events.on('task:start', ({ taskId, rootId }) => { process.stdout.write(taskId === rootId ? 'the agent\n' : 'another\n'); });
await system.submit({ type: 'repair', project: 'shop', input: null });

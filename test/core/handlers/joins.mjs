import tree from './tree.mjs';

/** A node that computes its result when its children have ended. */
export default {
  run: tree.run,
  join({ children, returned, task, input }) {
    if (input.failJoin !== undefined && task.attempt <= input.failJoin) throw new Error('the join fails');
    return { returned, attempt: task.attempt, children: children.map(({ state, result, key }) => result ?? key ?? state) };
  },
};

/** Tells whether Node's network was loaded before the handler was called. */
module.exports = { run: () => process.moduleLoadList.includes('NativeModule net') };

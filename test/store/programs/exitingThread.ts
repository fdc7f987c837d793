/** A thread that ends before it has opened anything. */
process.exit(4);

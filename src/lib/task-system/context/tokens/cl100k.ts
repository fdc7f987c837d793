/**
 * The tokenizer of `cl100k`: a program of its own in the package, which is read when somebody counts and not before.
 * @module
 */
export { countTokens, setMergeCacheSize } from 'gpt-tokenizer/encoding/cl100k_base';
export { CL100K_TOKEN_SPLIT_REGEX as pattern } from 'gpt-tokenizer/encodingParams/constants';
export { default as vocabulary } from 'gpt-tokenizer/bpeRanks/cl100k_base';

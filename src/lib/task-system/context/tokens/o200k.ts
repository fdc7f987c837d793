/**
 * The tokenizer of `o200k`: a program of its own in the package, which is read when somebody counts and not before.
 * @module
 */
export { countTokens, setMergeCacheSize } from 'gpt-tokenizer/encoding/o200k_base';
export { O200K_TOKEN_SPLIT_REGEX as pattern } from 'gpt-tokenizer/encodingParams/constants';
export { default as vocabulary } from 'gpt-tokenizer/bpeRanks/o200k_base';

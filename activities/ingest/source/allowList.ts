/**
 * What is read from a Hugging Face folder: an allow-list, because pickles and code have no reliable
 * mark by which a deny-list could know them. Names are matched exactly, in their own case.
 */
const carriedNames = new Set([
  'config.json',
  'generation_config.json',
  // Tokenizers and vocabularies, as transformers' tokenizers name them (VOCAB_FILES_NAMES).
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.txt',
  'vocab.json',
  'vocab.bpe',
  'merges.txt',
  'encoder.json',
  'bpe.codes',
  'dict.txt',
  'source.spm',
  'target.spm',
  'tekken.json',
  'chat_template.json',
  'chat_template.jinja',
  // Image, audio and joint processors.
  'preprocessor_config.json',
  'processor_config.json',
  'image_processor_config.json',
  'video_preprocessor_config.json',
  'feature_extractor_config.json',
  // sentence-transformers.
  'modules.json',
  'config_sentence_transformers.json',
  'README.md',
]);

const carriedPatterns = [
  /** SentencePiece: tokenizer.model, spiece.model, sentencepiece.bpe.model, … */
  /^[A-Za-z0-9_.-]+\.model$/,
  /^sentence_[a-z0-9-]+_config\.json$/,
  /^(LICEN[CS]E|NOTICE|COPYING)([_-][A-Za-z0-9_-]+)?(\.(txt|md|rst))?$/i,
];

/** Folder of one sentence-transformers module, such as `1_Pooling`. */
const moduleFolder = /^\d{1,3}_[A-Za-z0-9_]{1,100}$/;

export const weightIndex = 'model.safetensors.index.json';
export const signatureName = 'model.sig';
export const modelConfig = 'config.json';
export const modulesList = 'modules.json';

/** Weights in formats that run code when they are loaded. */
const pickle = /\.(bin|pt|pth|ckpt|pkl|pickle|npz)$/i;

export function isAllowed(path: string): boolean {
  const parts = path.split('/');
  const name = parts.at(-1) as string;
  if (parts.length === 2) {
    return isModuleFolder(parts[0] as string) && /^(config\.json|model\.safetensors)$/.test(name);
  }
  return (
    parts.length === 1 &&
    (isWeights(name) ||
      name === weightIndex ||
      name === signatureName ||
      carriedNames.has(name) ||
      carriedPatterns.some((pattern) => pattern.test(name)))
  );
}

export function isModuleFolder(name: string): boolean {
  return moduleFolder.test(name);
}

export function isWeights(name: string): boolean {
  return name.endsWith('.safetensors');
}

export function isPickle(path: string): boolean {
  return pickle.test(path);
}

const mebibyte = 2 ** 20;

/** Upper bound of a file that is read whole to be checked, bytes. */
export const maxConfigBytes = 16 * mebibyte;
/** Upper bound of an index, bytes; the largest published ones have some ten. */
export const maxIndexBytes = 128 * mebibyte;
/** Upper bound of a carried file that is only copied, bytes. */
export const maxCarriedBytes = 512 * mebibyte;

const loneSurrogate = /\p{Surrogate}/u;

/** Whether a text can be written as UTF-8 without loss (ECMAScript's isWellFormed, ES2024). */
export const isWellFormed = (text: string): boolean => !loneSurrogate.test(text);

/** Halves of UTF-16 pairs, which no UTF-8 can hold. */
const loneSurrogates = /\p{Surrogate}/gu;

/** Whether a text is valid Unicode, so that two different ones stay different in UTF-8. */
export const isWellFormed = (text: string): boolean => text.search(loneSurrogates) < 0;

/** As String.prototype.toWellFormed of ES2024, which Node 20's types do not have: U+FFFD for halves. */
export const toWellFormed = (text: string): string => text.replace(loneSurrogates, '\ufffd');

/** Bytes that are no strict JSON; `rule` says what is wrong, `offset` at which byte. */
export class StrictJsonError extends Error {
  override readonly name = 'StrictJsonError';
  readonly rule: string;
  readonly offset: number;

  constructor(rule: string, offset: number) {
    super(`${rule} at byte ${offset}`);
    this.rule = rule;
    this.offset = offset;
  }
}

/** Characters that would break a line or reorder it on a terminal; JSON.stringify lets them pass. */
const disturbing = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A key or name as an error message may show it: quoted, escaped, and short enough for a line. */
export function excerpt(text: string): string {
  const short = text.length > 120 ? `${text.slice(0, 120)}…` : text;
  return JSON.stringify(short).replace(
    disturbing,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

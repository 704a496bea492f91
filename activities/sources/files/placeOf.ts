import type { TextPosition } from './textFormat.ts';

/** As a person finds it: the line where lines were counted, else the byte offset. */
export const placeOf = ({ at, line }: TextPosition): string =>
  line === null ? `byte ${at}` : `line ${line} (byte ${at})`;

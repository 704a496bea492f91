import { StringDecoder } from 'node:string_decoder';

/**
 * Cuts a stream of UTF-8 into lines.
 * @returns takes the next bytes; false when a line exceeds `maxCharacters`
 */
export function createLineReader(maxCharacters: number, onLine: (line: string) => void) {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return (chunk: Buffer): boolean => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > maxCharacters || lines.some((line) => line.length > maxCharacters)) {
      return false;
    }
    for (const line of lines) if (line.trim() !== '') onLine(line);
    return true;
  };
}

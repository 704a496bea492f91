/** Length of a value as JSON in UTF-8, as the server counts it. */
export function jsonBytes(value: unknown): number {
  const text = JSON.stringify(value) ?? '';
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    const isHalfOfPair = unit >= 0xd800 && unit <= 0xdfff;
    bytes += unit < 0x800 || isHalfOfPair ? 1 : 2;
  }
  return bytes;
}

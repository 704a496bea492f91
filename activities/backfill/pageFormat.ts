import { createHash } from 'node:crypto';

/**
 * A page file, little-endian:
 *
 *   0  magic `BERTHPG1`
 *   8  u32 records
 *  12  u32 points
 *  16  u32 dimensions
 *  20  u32 bytes of the records' JSON
 *  24  u32 catch-up round, 0 for the first pass
 *  28  u32 zero
 *  32  SHA-256 of bytes 0 to 31 and everything from 64 on
 *  64  the records as JSON in UTF-8, zeros up to a multiple of 64
 *   …  points × dimensions float32, point after point
 */
export const magic = Buffer.from('BERTHPG1', 'latin1');
export const headerBytes = 64;
const digestAt = 32;

export interface PageHeader {
  records: number;
  points: number;
  dimensions: number;
  jsonBytes: number;
  round: number;
}

/** Offset of the vectors: a multiple of 64, so that they are read in place. */
export const vectorsAt = ({ jsonBytes }: PageHeader): number =>
  Math.ceil((headerBytes + jsonBytes) / 64) * 64;

export const pageBytes = (header: PageHeader): number =>
  vectorsAt(header) + header.points * header.dimensions * 4;

export function writeHeader(file: Buffer, header: PageHeader): void {
  magic.copy(file);
  file.writeUInt32LE(header.records, 8);
  file.writeUInt32LE(header.points, 12);
  file.writeUInt32LE(header.dimensions, 16);
  file.writeUInt32LE(header.jsonBytes, 20);
  file.writeUInt32LE(header.round, 24);
  file.writeUInt32LE(0, 28);
  digest(file).copy(file, digestAt);
}

/** undefined: not a whole, undamaged page. */
export function readHeader(file: Buffer): PageHeader | undefined {
  if (file.length < headerBytes || !file.subarray(0, 8).equals(magic)) return undefined;
  const header = {
    records: file.readUInt32LE(8),
    points: file.readUInt32LE(12),
    dimensions: file.readUInt32LE(16),
    jsonBytes: file.readUInt32LE(20),
    round: file.readUInt32LE(24),
  };
  const whole = file.length === pageBytes(header);
  return whole && digest(file).equals(file.subarray(digestAt, headerBytes)) ? header : undefined;
}

function digest(file: Buffer): Buffer {
  return createHash('sha256')
    .update(file.subarray(0, digestAt))
    .update(file.subarray(headerBytes))
    .digest();
}

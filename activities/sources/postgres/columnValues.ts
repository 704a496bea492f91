import pg from 'pg';

const { builtins } = pg.types;

const utc = (text: string): Date => new Date(`${text.replace(' ', 'T')}Z`);

/**
 * How columns become values, apart from this process' time zone: a timestamp without a zone is
 * UTC, a date stays `2026-01-31`, a bigint is one.
 */
export const columnValues: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (format === 'binary') return pg.types.getTypeParser(oid, 'binary');
    switch (oid) {
      case builtins.INT8:
        return (text: string) => BigInt(text);
      case builtins.NUMERIC:
        return (text: string) => (String(Number(text)) === text ? Number(text) : text);
      case builtins.TIMESTAMP:
        return utc;
      case builtins.TIMESTAMPTZ:
        return (text: string) => new Date(text);
      case builtins.DATE:
      case builtins.INTERVAL:
        return (text: string) => text;
      default:
        return pg.types.getTypeParser(oid, 'text');
    }
  },
};

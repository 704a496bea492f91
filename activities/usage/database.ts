/** A value as both databases take it. */
export type SqlValue = string | number | null;

/** One statement; `?` stands for each argument, in order. */
export interface Statement {
  sql: string;
  args: SqlValue[];
}

export type Row = Record<string, unknown>;

/** What a usage store needs of a database, in SQL that SQLite and Postgres both understand. */
export interface Database {
  /** All of them or none, and nobody sees a part. */
  transaction(statements: readonly Statement[]): Promise<void>;
  rows(statement: Statement): Promise<Row[]>;
  /** Brings the tables up to date; several may do so at a time. */
  migrate(migrations: readonly (readonly string[])[]): Promise<void>;
  close(): Promise<void>;
}

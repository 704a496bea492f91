/**
 * How the tables came about, one list of statements a version; only ever appended to. Times are ms since
 * the Unix epoch; `devices` is the JSON of UsageRecord's.
 */
export const migrations: readonly (readonly string[])[] = [
  [
    `CREATE TABLE leases (
      lease_id TEXT PRIMARY KEY,
      request_id TEXT NOT NULL,
      pool TEXT NOT NULL,
      team TEXT NOT NULL,
      label TEXT NOT NULL,
      profile_key TEXT,
      priority INTEGER NOT NULL,
      submitted_at BIGINT NOT NULL,
      granted_at BIGINT NOT NULL,
      ended_at BIGINT NOT NULL,
      end_reason TEXT NOT NULL,
      expected_seconds DOUBLE PRECISION,
      devices TEXT NOT NULL,
      cpu_milli DOUBLE PRECISION NOT NULL,
      host_memory_mib DOUBLE PRECISION NOT NULL
    )`,
    'CREATE INDEX leases_by_end ON leases (ended_at)',
    'CREATE INDEX leases_by_profile ON leases (profile_key, ended_at)',
    `CREATE TABLE lease_use (
      lease_id TEXT NOT NULL,
      device_id TEXT NOT NULL,
      since BIGINT NOT NULL,
      samples INTEGER NOT NULL,
      utilization DOUBLE PRECISION NOT NULL,
      peak_mib DOUBLE PRECISION,
      PRIMARY KEY (lease_id, device_id, since)
    )`,
  ],
];
